/** What must never be out of sight: the age of the data, the cameras seen, the city's time. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { sign } from "../standing.js";
import { clock, date, duration, word } from "../words.js";

class WallStatus extends HTMLElement {
  connectedCallback() {
    room.watch(["health", "view"], () => this.render());
    setInterval(() => this.render(), 1000);
  }

  render() {
    this.replaceChildren(this.age(), this.cameras(), this.time());
  }

  age() {
    if (!room.health) return unanswered("age");
    const seconds = room.ageSeconds;
    const text = seconds === null ? word("age.none") : word("age.ago", { age: duration(seconds) });
    return fact("age", word("age.title"), text, room.isBlind ? "bad" : "good");
  }

  cameras() {
    if (!room.health) return unanswered("cameras");
    const { seen, total } = room.health.cameras;
    return fact("cameras", word("cameras.title"), word("cameras.seen", { seen, total }), total && seen === total ? "good" : "partly");
  }

  time() {
    return fact("clock", date(room.now), word("clock", { time: clock(room.now) }), "plain");
  }
}

function unanswered(name) {
  const state = room.state("health");
  return fact(name, word(`${name}.title`), `${sign({ state })} ${word(`tile.${state}`)}`, state === "failing" ? "bad" : "plain");
}

const fact = (name, title, value, state) =>
  html("div", { class: "fact", "data-fact": name, "data-state": state }, html("span", {}, title), html("strong", {}, value));

customElements.define("wall-status", WallStatus);
