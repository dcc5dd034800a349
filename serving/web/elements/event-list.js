/** What a person would act on: what goes on first, then what is over, the newest first. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { both, duration, timeOfDay, word } from "../words.js";

const SIGNS = { 1: "●", 2: "▲", 3: "◆" };

class EventList extends HTMLElement {
  connectedCallback() {
    this.spoken = html("p", { class: "spoken", role: "status" });
    this.lists = html("div", { class: "lists" });
    this.append(this.spoken, this.lists);
    room.watch(["events", "places", "view"], () => this.render());
    setInterval(() => this.age(), 10_000);
  }

  render() {
    const events = [...room.events.values()];
    const going = events.filter(({ ended_at }) => !ended_at);
    const over = events.filter(({ ended_at }) => ended_at);
    const focused = document.activeElement.closest("[data-event]")?.dataset.event;
    this.lists.replaceChildren(section("events.going", going), section("events.over", over));
    this.querySelector(`[data-event="${focused}"] button`)?.focus();
    this.speak(going);
  }

  /** Only what is new is spoken: the list itself would be read from the top each time. */
  speak(going) {
    const newest = going.find(({ event_id }) => room.arrived.has(event_id));
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

function section(title, events) {
  const entries = events.length ? html("ol", {}, events.map(entry)) : html("p", { class: "nothing" }, word("events.nothing"));
  return html("section", {}, html("h3", {}, word(title), html("span", {}, String(events.length))), entries);
}

function entry(event) {
  const area = room.kecamatanOf(event.area_id)?.area_id ?? null;
  const severity = word(`severity.${event.severity}`);
  const fresh = room.arrived.has(event.event_id) && !event.ended_at;
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
  const places = { start: timeOfDay(start), end: timeOfDay(end), length: duration((end - start) / 1000) };
  return word(ended_at ? "events.when-over" : "events.when-going", places);
}

customElements.define("event-list", EventList);
