/** The drawing of a strip. Observable Plot has no city time zone: instants are shifted to +7 h and drawn as UTC. */

import { isKnown } from "./standing.js";
import * as Plot from "./vendor/observable-plot-0.6.17.js";
import { both, hourSpan, number, shifted, timeOfDay, unshifted, weekday, word } from "./words.js";

const HOUR_MS = 3_600_000;
const NARROW_REM = 28;

/** The middle of an hour, in the chart's time. */
const middle = ({ at }) => shifted(+at + HOUR_MS / 2);
const hasValue = ({ value }) => isKnown(value);

/**
 * The chart of one kind.
 *
 * `past` are hours {at, value, origin, reason} with NULL where unknown, `steps` the forecast {at, q05 … q95};
 * `width`, `height` and `rem`, the page's letter size, are pixels.
 */
export function stripChart({ past, steps, kind, now, width, height, rem }) {
  const start = past[0].at;
  const end = new Date(+past.at(-1).at + (past.length - 1) * HOUR_MS);
  return Plot.plot({
    className: "plot",
    width,
    height,
    marginLeft: 2.7 * rem,
    marginRight: 0.6 * rem,
    marginTop: 0.5 * rem,
    marginBottom: 1.3 * rem,
    x: { type: "utc", domain: [shifted(start), shifted(end)], label: null },
    y: { label: null, domain: [0, highest(past, steps)], nice: 4 },
    marks: [
      ...axes(start, end, width < NARROW_REM * rem ? 12 : 6),
      ...gaps(past),
      ...band(steps),
      ...actual(past, rem),
      ...present(now, rem),
      tip(past, steps, kind, rem),
    ],
  });
}

const highest = (past, steps) => Math.max(1, ...past.filter(hasValue).map(({ value }) => value), ...steps.map(({ q95 }) => q95)) * 1.04;

function axes(start, end, hoursApart) {
  const [step, first] = [hoursApart * HOUR_MS, +shifted(start)];
  const count = Math.floor((+shifted(end) - first) / step);
  const ticks = Array.from({ length: count }, (_, place) => new Date((Math.ceil(first / step) + place) * step));
  const name = (tick) => (tick.getUTCHours() ? timeOfDay(unshifted(tick)) : weekday(unshifted(tick)));
  return [
    Plot.gridY({ ticks: 3, className: "grid" }),
    Plot.axisX(ticks, { tickFormat: name, tickSize: 4, className: "axis" }),
    Plot.axisY({ ticks: 3, tickFormat: number, tickSize: 0, className: "axis" }),
  ];
}

/** Hours of which nothing is known are hatched: a gap is not a zero. The running hour may have no row yet. */
function gaps(past) {
  const isExpected = (hour) => hour !== past.at(-1) || hour.reason;
  const unknown = past.filter((hour) => !hasValue(hour) && isExpected(hour));
  const edges = { x1: ({ at }) => shifted(at), x2: ({ at }) => shifted(+at + HOUR_MS) };
  return [Plot.rectX(unknown, { ...edges, fill: "url(#hatch)", className: "gap" })];
}

function band(steps) {
  return [
    Plot.areaY(steps, { x: middle, y1: "q05", y2: "q95", curve: "monotone-x", className: "outer" }),
    Plot.areaY(steps, { x: middle, y1: "q10", y2: "q90", curve: "monotone-x", className: "inner" }),
    Plot.lineY(steps, { x: middle, y: "q50", curve: "monotone-x", className: "median" }),
  ];
}

function actual(past, rem) {
  const over = past.filter(({ reason }) => reason !== "running");
  const of = (wanted) => over.filter((hour) => hasValue(hour) && (hour.origin === "pixels") === wanted);
  const running = past.filter((hour) => hasValue(hour) && hour.reason === "running");
  const dot = (hours, className, options = {}) => Plot.dot(hours, { x: middle, y: "value", r: 0.16 * rem, className: `dot ${className}`, ...options });
  return [
    Plot.lineY(over, { x: middle, y: "value", className: "actual" }),
    dot(of(false), "synthetic"),
    dot(of(true), "pixels"),
    dot(running, "running", { symbol: "diamond", r: 0.36 * rem }),
  ];
}

function present(now, rem) {
  const at = [shifted(now)];
  return [
    Plot.ruleX(at, { className: "now-line" }),
    Plot.text(at, { x: at, text: () => word("strip.present"), frameAnchor: "top", dy: 2, dx: 0.4 * rem, textAnchor: "start", className: "now-word" }),
  ];
}

/** What an hour says when it is pointed at. */
function tip(past, steps, kind, rem) {
  const predicted = new Map(steps.map((step) => [+step.at, step]));
  const hours = past.map((hour) => ({ at: hour.at, hour, step: predicted.get(+hour.at) }));
  const later = steps.filter(({ at }) => at > past.at(-1).at).map((step) => ({ at: step.at, step }));
  const height = ({ hour, step }) => (hour && hasValue(hour) ? hour.value : step?.q50 ?? 0);
  const title = (entry) => told(entry, both(kind.unit)).join("\n");
  return Plot.tip([...hours, ...later], Plot.pointerX({ x: middle, y: height, title, fontSize: 0.76 * rem, className: "tip" }));
}

function told({ at, hour, step }, unit) {
  const lines = [`${weekday(at)}, ${hourSpan(at)}`];
  if (hour) lines.push(toldActual(hour, unit));
  if (step) lines.push(word("tip.forecast", { median: number(step.q50), low: number(step.q10), high: number(step.q90), unit }));
  return lines;
}

function toldActual(hour, unit) {
  if (!hasValue(hour)) return word("tip.unknown");
  const name = hour.reason === "running" ? "running" : hour.origin === "pixels" ? "measured" : "synthetic";
  return word(`tip.${name}`, { value: number(hour.value), unit });
}
