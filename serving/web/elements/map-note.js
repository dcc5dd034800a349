/** Which hour the map judges, and why it judges none. */

import { room } from "../room.js";
import { isJudged, isOfLastHour, sign } from "../standing.js";
import { hourSpan, timeOfDay, word } from "../words.js";

class MapNote extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "hours", "forecasts", "view"], () => {
      this.textContent = room.kecamatan.length && room.kind ? note() : "";
    });
  }
}

function note() {
  const state = room.state("hours");
  if (state !== "known") return `${sign({ state })} ${waiting(state)}`;
  const judged = room.kecamatan.map(({ area_id }) => room.standing(area_id, room.kind.kind)).filter(isJudged);
  if (!judged.length) return `${sign({ state: "unknown" })} ${word("note.nothing")}`;
  const last = judged.filter((standing) => isOfLastHour(standing, room.now));
  const running = judged.filter((standing) => !isOfLastHour(standing, room.now));
  return [by("note.running", running), by("note.last", last)].filter(Boolean).join(" ");
}

function waiting(state) {
  const since = room.answeredAt("hours");
  return since ? word("note.old", { time: timeOfDay(since) }) : word(`note.${state}`);
}

const by = (key, [standing, ...others]) =>
  standing ? word(key, { count: others.length + 1, hour: hourSpan(new Date(standing.row.hour)) }) : "";

customElements.define("map-note", MapNote);
