/** Where an hour stands against its own forecast band. Pure: rows and steps in, a verdict out. */

const HOUR_MS = 3_600_000;

/** What each verdict looks like without its colour; the doubled sign means far outside. */
export const SIGNS = {
  loading: "…",
  failing: "✕",
  none: "–",
  unknown: "?",
  unforecast: "◌",
  usual: "",
  above: "▲",
  below: "▼",
};

export const sign = ({ state, degree }) => SIGNS[state].repeat(degree === 2 ? 2 : 1);

export const isUnusual = ({ state }) => state === "above" || state === "below";

/** Whether there is a verdict at all: only what is known and has a forecast can be called calm. */
export const isJudged = (standing) => standing.state === "usual" || isUnusual(standing);

export const isKnown = (value) => value !== null && value !== undefined;

const isBand = ({ q05, q50, q95 }) => isKnown(q05) && isKnown(q50) && isKnown(q95);

/** 1 outside q05-q95, 2 when it is as far again outside as the band's edge is from the median. */
function against(value, { q05, q50, q95 }) {
  if (value > q95) return { state: "above", degree: value > 2 * q95 - q50 ? 2 : 1 };
  if (value < q05) return { state: "below", degree: value < 2 * q05 - q50 ? 2 : 1 };
  return { state: "usual", degree: 0 };
}

/** The running hour once enough of it was seen, until then the last complete one; nothing older is about now. */
function judged(rows, now) {
  const running = Math.floor(now / HOUR_MS) * HOUR_MS;
  const at = (start) => rows.find(({ hour }) => +new Date(hour) === start);
  const [present, last] = [at(running), at(running - HOUR_MS)];
  if (isKnown(present?.value)) return present;
  if (isKnown(last?.value)) return last;
  return present?.coverage > 0 ? present : last ?? present;
}

/**
 * The verdict on one area and kind.
 *
 * `rows` are its area hours and `steps` its forecast; `hours` and `forecasts` say how the questions for them
 * stand: "known", "loading" or "failing"; `watched` whether a camera there counts this kind. Unknown is never
 * zero, and never calm: without a band to hold it against a value is "unforecast", and `why` says why.
 */
export function standing({ rows, steps, watched, hours, forecasts, now }) {
  const row = judged(rows, now);
  if (hours !== "known") return { state: hours, degree: 0, row };
  if (!watched || row?.cameras_total === 0) return { state: "none", degree: 0 };
  const step = steps.find(({ at }) => +new Date(at) === +new Date(row?.hour));
  if (!isKnown(row?.value)) return { state: "unknown", degree: 0, row, step };
  if (!step || !isBand(step)) return { state: "unforecast", degree: 0, row, why: forecasts };
  return { ...against(row.value, step), row, step };
}

/** Whether the hour that was judged is over: the running one could not be judged yet. */
export const isOfLastHour = ({ row }, now) => Boolean(row) && now - new Date(row.hour) >= HOUR_MS;

/** How far outside the band, in half-widths of it: what ranks unusual areas. */
export function distance({ state, row, step }) {
  if (state === "above") return (row.value - step.q50) / Math.max(step.q95 - step.q50, Number.EPSILON);
  if (state === "below") return (step.q50 - row.value) / Math.max(step.q50 - step.q05, Number.EPSILON);
  return 0;
}
