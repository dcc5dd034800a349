/** What a person would act on: what goes on, the worst first, then what is over, the newest first. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { sign } from "../standing.js";
import { both, duration, timeOfDay, weekday, word } from "../words.js";

const SIGNS = { 1: "●", 2: "▲", 3: "◆" };

/** So many entries of a list are drawn, and so many more at a press. */
const PORTION = 200;

class EventList extends HTMLElement {
  connectedCallback() {
    this.shown = { going: PORTION, over: PORTION };
    this.spoken = html("p", { class: "spoken", role: "status" });
    this.lists = html("div", { class: "lists" });
    this.append(this.spoken, this.lists);
    room.watch(["events", "places", "view"], () => this.render());
    setInterval(() => this.age(), 10_000);
  }

  render() {
    const { going, over } = room.events;
    const state = room.state("events");
    this.dataset.state = state;
    const focused = document.activeElement.closest("[data-event]")?.dataset.event;
    const sections = [this.section("going", going), this.section("over", over)];
    this.lists.replaceChildren(...(state === "known" ? [] : [waiting(state)]), ...(hasAnswer() ? sections : []));
    this.querySelector(`[data-event="${focused}"] button`)?.focus();
    this.speak(going);
  }

  section(name, events) {
    const title = html("h3", {}, word(`events.${name}`), html("span", {}, String(events.length)));
    if (!events.length) return html("section", {}, title, html("p", { class: "nothing" }, word("events.nothing")));
    const left = events.length - this.shown[name];
    const more = left > 0 ? html("button", { type: "button", class: "more", click: () => this.more(name) }, word("events.more", { count: left })) : null;
    return html("section", {}, title, html("ol", {}, events.slice(0, this.shown[name]).map(entry)), more);
  }

  more(name) {
    this.shown[name] += PORTION;
    this.render();
  }

  /** Only what is new is spoken: the list itself would be read from the top each time. */
  speak(going) {
    const newest = going.find(({ event_id }) => room.events.arrived.has(event_id));
    if (newest && newest.event_id !== this.told) this.spoken.textContent = `${titleOf(newest)}, ${placeOf(newest)}`;
    this.told = newest?.event_id;
  }

  age() {
    for (const node of this.querySelectorAll("[data-event]")) {
      const event = room.events.get(node.dataset.event);
      if (event) node.querySelector(".when").textContent = when(event);
    }
  }
}

/** Whether there is a list to show, be it an old one. */
const hasAnswer = () => room.answeredAt("events") !== null;

/** What stands where nothing is known, or no longer. */
function waiting(state) {
  const since = room.answeredAt("events");
  const text = since ? word("events.old", { time: timeOfDay(since) }) : word(`events.${state}`);
  return html("p", { class: "waiting", "data-state": state }, `${sign({ state })} ${text}`);
}

function entry(event) {
  const area = room.kecamatanOf(event.area_id)?.area_id ?? null;
  const severity = word(`severity.${event.severity}`);
  const fresh = room.events.arrived.has(event.event_id) && !event.ended_at;
  return html(
    "li",
    { "data-event": event.event_id, "data-severity": event.severity, class: [event.ended_at ? "over" : "going", fresh ? "fresh" : ""].join(" ").trim() },
    html("span", { class: "sign", "aria-hidden": "true" }, SIGNS[event.severity]),
    html("button", { type: "button", click: () => room.choose({ area }) }, html("strong", {}, titleOf(event)), html("span", {}, placeOf(event))),
    html("span", { class: "severity" }, event.ended_at ? word("events.closed") : severity),
    html("time", { class: "when", datetime: event.started_at }, when(event)),
  );
}

const titleOf = ({ kind }) => both(room.kinds.get(kind)?.title) || kind;

/** The camera's name and its kecamatan. */
function placeOf({ camera_id, area_id }) {
  const camera = room.cameras.get(camera_id)?.name ?? camera_id;
  const area = room.kecamatanOf(area_id)?.name ?? room.areas.get(area_id)?.name;
  return area && !camera.includes(area) ? `${camera}, ${area}` : camera;
}

function when({ started_at, ended_at }) {
  const [start, end] = [new Date(started_at), ended_at ? new Date(ended_at) : room.now];
  const places = { start: timeLately(start), end: timeOfDay(end), length: duration((end - start) / 1000) };
  return word(ended_at ? "events.when-over" : "events.when-going", places);
}

/** The time of day, with its day where that is not today. */
const timeLately = (instant) => (weekday(instant) === weekday(room.now) ? timeOfDay(instant) : `${weekday(instant)} ${timeOfDay(instant)}`);

customElements.define("event-list", EventList);
