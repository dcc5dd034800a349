/** Where an hour stands against its own forecast band. Pure: rows and steps in, a verdict out. */

const HOUR_MS = 3_600_000;

/** Rows older than this say nothing about now. */
export const RECENT_MS = 3 * HOUR_MS;

/** What each verdict looks like without its colour; the doubled sign means far outside. */
export const SIGNS = { none: "–", unknown: "?", unforecast: "·", usual: "", above: "▲", below: "▼" };

export const sign = ({ state, degree }) => SIGNS[state].repeat(degree === 2 ? 2 : 1);

export const isUnusual = ({ state }) => state === "above" || state === "below";

export const isKnown = (value) => value !== null && value !== undefined;

/** 1 outside q05-q95, 2 when it is as far again outside as the band's edge is from the median. */
function against(value, { q05, q50, q95 }) {
  if (value > q95) return { state: "above", degree: value > 2 * q95 - q50 ? 2 : 1 };
  if (value < q05) return { state: "below", degree: value < 2 * q05 - q50 ? 2 : 1 };
  return { state: "usual", degree: 0 };
}

/**
 * The verdict on the newest hour of one area and kind.
 *
 * `rows` are its area hours and `steps` its forecast, both oldest first. Unknown is never zero: a NULL value,
 * or none in the last three hours, is "unknown"; a kind that no camera there can see is "none".
 */
export function standing(rows, steps, now) {
  const row = rows.findLast(({ hour }) => new Date(hour) <= now && now - new Date(hour) < RECENT_MS);
  if (!row) return { state: steps.length ? "unknown" : "none", degree: 0 };
  if (row.cameras_total === 0) return { state: "none", degree: 0, row };
  const step = steps.find(({ at }) => +new Date(at) === +new Date(row.hour));
  if (!isKnown(row.value)) return { state: "unknown", degree: 0, row, step };
  if (!step) return { state: "unforecast", degree: 0, row };
  return { ...against(row.value, step), row, step };
}

/** How far outside the band, in half-widths of it: what ranks unusual areas. */
export function distance({ state, row, step }) {
  if (state === "above") return (row.value - step.q50) / Math.max(step.q95 - step.q50, Number.EPSILON);
  if (state === "below") return (step.q50 - row.value) / Math.max(step.q50 - step.q05, Number.EPSILON);
  return 0;
}
