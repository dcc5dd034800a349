/** One kind of the whole city: the last 24 hours, the running hour, and the forecast band ahead. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { isKnown, isOfLastHour, sign } from "../standing.js";
import { stripChart } from "../strip-chart.js";
import { reasonOf, skillOf, verdictOf } from "../verdict.js";
import { both, hourSpan, number, timeOfDay, word } from "../words.js";

const HOUR_MS = 3_600_000;
const BEHIND = 24;
const AHEAD = 24;
const REDRAW_MS = 60_000;

class CityStrip extends HTMLElement {
  connectedCallback() {
    this.kind = this.getAttribute("kind");
    this.heading = html("header");
    this.figure = html("figure");
    this.foot = html("footer");
    this.append(this.heading, this.figure, this.foot);
    room.watch(["places", "hours", "forecasts", "view"], () => this.render());
    new ResizeObserver(() => this.draw()).observe(this.figure);
    setInterval(() => this.draw(), REDRAW_MS);
  }

  render() {
    if (!room.city || !room.kinds.has(this.kind)) return;
    const standing = room.standing(room.city.area_id, this.kind);
    this.heading.replaceChildren(...headline(room.kinds.get(this.kind), standing));
    this.foot.replaceChildren(...explanation(room.city.area_id, this.kind, standing));
    this.draw();
  }

  draw() {
    const { clientWidth: width, clientHeight: height } = this.figure;
    if (!room.city || !width || !height) return;
    if (room.answeredAt("hours") === null) return this.figure.replaceChildren(waiting());
    const kind = room.kinds.get(this.kind);
    const series = seriesOf(room.city.area_id, this.kind, room.now);
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const chart = stripChart({ ...series, kind, now: room.now, width, height, rem });
    chart.setAttribute("role", "img");
    chart.setAttribute("aria-label", spoken(kind, series));
    this.figure.replaceChildren(chart);
  }
}

/** Without an answer there is no gap to be hatched, and no past to be empty. */
function waiting() {
  const state = room.state("hours");
  return html("p", { class: "waiting", "data-state": state }, `${sign({ state })} ${word(`strip.${state}`)}`);
}

/** Every hour of the past, with NULL where nothing is known, and the steps from the running hour on. */
function seriesOf(areaId, kind, now) {
  const running = new Date(Math.floor(now / HOUR_MS) * HOUR_MS);
  const rows = new Map(room.rows(areaId, kind).map((row) => [+new Date(row.hour), row]));
  const hours = Array.from({ length: BEHIND + 1 }, (_, place) => new Date(+running - (BEHIND - place) * HOUR_MS));
  const past = hours.map((hour) => ({ hour, value: null, ...rows.get(+hour), at: hour }));
  const end = +running + AHEAD * HOUR_MS;
  const steps = room.forecast(areaId, kind).map((step) => ({ ...step, at: new Date(step.at) }));
  return { past, steps: steps.filter(({ at }) => at >= hours[0] && at < end) };
}

function headline(kind, standing) {
  const { row, state } = standing;
  const known = isKnown(row?.value);
  const figure = html("strong", {}, known ? number(row.value) : sign(standing));
  return [
    html("h3", {}, both(kind.title)),
    html("p", { class: "now" }, figure, known ? ` ${both(kind.unit)} · ${hourOf(row)}` : ""),
    html("p", { class: "verdict", "data-state": state }, `${known ? sign(standing) : ""} ${verdictOf(standing)}${reason(standing)}`.trim()),
  ];
}

const reason = ({ state, row }) => (state === "unknown" ? `: ${reasonOf(row)}` : "");

/** Which hour the figure is of. */
function hourOf(row) {
  const title = isOfLastHour({ row }, room.now) ? "strip.last" : "strip.now";
  return word(title, { hour: hourSpan(new Date(row.hour)) });
}

/** How far the forecast can be trusted, and what it goes by; or why there is none. */
function explanation(areaId, kind, { state }) {
  const steps = room.forecast(areaId, kind);
  if (state === "none") return [];
  if (!steps.length) return [html("p", { class: "why" }, word(`ahead.${room.state("forecasts")}`))];
  return [html("p", {}, skillOf(room.score(areaId, kind))), html("p", { class: "why" }, both(steps[0].why))];
}

function spoken(kind, { past, steps }) {
  const known = past.filter(({ value }) => isKnown(value));
  const most = steps.toSorted((a, b) => b.q50 - a.q50)[0];
  const places = { kind: both(kind.title), known: known.length, hours: past.length, unit: both(kind.unit) };
  const sentence = word("strip.label", places);
  return most ? `${sentence} ${word("strip.peak", { value: number(most.q50), unit: both(kind.unit), time: timeOfDay(most.at) })}` : sentence;
}

customElements.define("city-strip", CityStrip);
