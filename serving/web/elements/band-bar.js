/** A value on its forecast band, as one small bar. */

import { svg } from "../markup.js";

const WIDTH = 200;
const HEIGHT = 14;

/** Draws q05-q95 pale, q10-q90 darker, the median as a line, the value as a diamond; the text beside it says the same. */
export function bandBar(value, { q05, q10, q50, q90, q95 }) {
  const most = 1.15 * Math.max(value, q95, Number.EPSILON);
  const x = (number) => ((WIDTH * Math.max(0, number)) / most).toFixed(1);
  const bar = (name, from, to) => svg("rect", { class: name, x: x(from), y: 3, width: Math.max(1, x(to) - x(from)), height: 8 });
  return svg(
    "svg",
    { class: "band-bar", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("line", { class: "floor", x1: 0, x2: WIDTH, y1: 7, y2: 7 }),
    bar("outer", q05, q95),
    bar("inner", q10, q90),
    svg("line", { class: "median", x1: x(q50), x2: x(q50), y1: 2, y2: 12 }),
    svg("path", { class: "value", d: `M${x(value)} 0l4 7-4 7-4-7z` }),
  );
}
