/** One kecamatan closely: whatever is pointed at, else the chosen one, else the most unusual one. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { distance, isKnown, sign } from "../standing.js";
import { reasonOf, skillOf, toldOf, verdictOf } from "../verdict.js";
import { both, hourSpan, number, percent, word } from "../words.js";
import { bandBar } from "./band-bar.js";

class AreaPanel extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "hours", "forecasts", "unusual", "events", "view", "peek"], () => this.render());
  }

  render() {
    const { area, why } = shown();
    if (!area) return this.replaceChildren();
    const events = room.openEvents(area.area_id).length;
    const note = events ? `${word(why)} · ${word("map.events", { count: events })}` : word(why);
    const heading = html("header", {}, html("h3", {}, area.name), html("p", {}, note));
    this.replaceChildren(heading, html("div", { class: "kinds" }, room.forecastKinds.map((kind) => block(area, kind))));
  }
}

function shown() {
  if (room.peeked) return { area: room.areas.get(room.peeked), why: "panel.peeked" };
  if (room.areas.has(room.view.area)) return { area: room.areas.get(room.view.area), why: "panel.chosen" };
  const furthest = (area) => Math.max(0, ...room.forecastKinds.map(({ kind }) => distance(room.standing(area.area_id, kind))));
  const ranked = room.kecamatan.toSorted((a, b) => furthest(b) - furthest(a));
  return { area: ranked[0], why: ranked[0] && furthest(ranked[0]) ? "panel.unusual" : "panel.first" };
}

function block(area, kind) {
  const standing = room.standing(area.area_id, kind.kind);
  const { row, step, state, degree } = standing;
  const known = isKnown(row?.value);
  return html(
    "article",
    { class: "kind", "data-state": state, "data-degree": degree },
    html("h4", {}, both(kind.title)),
    html("p", { class: "figure" }, html("strong", {}, known ? number(row.value) : sign(standing)), known ? ` ${both(kind.unit)}` : ""),
    known && step ? bandBar(row.value, step) : null,
    html("p", { class: "verdict" }, `${known ? sign(standing) : ""} ${verdictOf(standing)}`.trim()),
    html("p", { class: "told" }, toldOf(room.told(area.area_id, kind.kind))),
    html("p", { class: "source" }, sources(standing)),
    room.forecast(area.area_id, kind.kind).length ? html("p", { class: "source" }, skillOf(room.score(area.area_id, kind.kind))) : null,
  );
}

/** From how much seeing the figure comes: the hour, its cameras, its coverage, why it is missing. */
function sources({ state, row }) {
  if (state === "none") return word("panel.no-camera");
  if (!row) return reasonOf(row);
  const parts = [word(row.reason === "running" ? "panel.running" : "panel.hour", { hour: hourSpan(new Date(row.hour)) })];
  if (state === "unknown") parts.push(reasonOf(row));
  parts.push(word("panel.cameras", { seen: row.cameras_reporting ?? 0, total: row.cameras_total ?? 0 }));
  parts.push(word("panel.coverage", { coverage: percent(row.coverage ?? 0) }));
  if (row.origin !== "pixels") parts.push(word(`origin.${row.origin}`));
  return parts.join(" · ");
}

customElements.define("area-panel", AreaPanel);
