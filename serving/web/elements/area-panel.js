/** One kecamatan closely: whatever is pointed at, else the chosen one, else the most unusual one. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { distance, isKnown, isOfLastHour, isUnusual, sign } from "../standing.js";
import { eventsOf, reasonOf, skillOf, toldOf, verdictOf } from "../verdict.js";
import { both, hourSpan, number, percent, word } from "../words.js";
import { bandBar } from "./band-bar.js";

class AreaPanel extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "hours", "forecasts", "unusual", "events", "view", "peek"], () => this.render());
  }

  render() {
    const { area, why } = shown();
    const from = area?.area_id === this.area ? this.querySelector(".kinds")?.scrollTop : 0;
    this.area = area?.area_id;
    if (!area) return this.replaceChildren();
    const note = [word(why), eventsOf(area)].filter(Boolean).join(" · ");
    const heading = html("header", {}, html("h3", {}, area.name), html("p", {}, note));
    const kinds = html("div", { class: "kinds", scroll: () => this.count() }, room.forecastKinds.map((kind) => block(area, kind)));
    this.more = html("button", { type: "button", class: "more", click: () => kinds.scrollBy({ top: kinds.clientHeight }) });
    this.replaceChildren(heading, kinds, this.more);
    kinds.scrollTop = from;
    this.watcher ??= new ResizeObserver(() => this.count());
    this.watcher.disconnect();
    this.watcher.observe(kinds);
    this.count();
  }

  /** Say how many blocks lie below what can be seen, wholly or in part: a cut must show. */
  count() {
    const kinds = this.querySelector(".kinds");
    const end = kinds.getBoundingClientRect().bottom + 1;
    const below = [...kinds.children].filter((block) => block.getBoundingClientRect().bottom > end).length;
    this.more.hidden = below === 0;
    this.more.textContent = word("panel.more", { count: below });
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
    html("p", { class: "told" }, tellingOf(standing, area, kind)),
    html("p", { class: "source" }, sources(standing)),
    room.forecast(area.area_id, kind.kind).length ? html("p", { class: "source" }, skillOf(room.score(area.area_id, kind.kind))) : null,
  );
}

/** Whether it is more than chance: nobody knows while the answer is missing. */
function tellingOf(standing, area, kind) {
  const state = room.state("unusual");
  if (isUnusual(standing) && state !== "known") return word(`told.${state}`);
  return toldOf(room.told(area.area_id, kind.kind));
}

/** From how much seeing the figure comes: the hour, its cameras, its coverage, why it is missing. */
function sources({ state, row }) {
  if (state === "none") return word("panel.no-camera");
  if (!row) return state === "unknown" ? reasonOf(row) : "";
  const parts = [word(nameOf(row), { hour: hourSpan(new Date(row.hour)) })];
  if (state === "unknown") parts.push(reasonOf(row));
  parts.push(word("panel.cameras", { seen: row.cameras_reporting ?? 0, total: row.cameras_total ?? 0 }));
  parts.push(word("panel.coverage", { coverage: percent(row.coverage ?? 0) }));
  if (row.origin !== "pixels") parts.push(word(`origin.${row.origin}`));
  return parts.join(" · ");
}

/** The running hour, one that is over, or one that was still running when it was summed up. */
function nameOf(row) {
  if (row.reason !== "running") return "panel.hour";
  return isOfLastHour({ row }, room.now) ? "panel.estimate" : "panel.running";
}

customElements.define("area-panel", AreaPanel);
