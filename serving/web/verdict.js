/** A standing in words. */

import { room } from "./room.js";
import { isJudged, isKnown, sign } from "./standing.js";
import { both, change, decimal, difference, hasWord, number, percent, timeOfDay, word } from "./words.js";

/** Where a value stands, as a sentence without its name. */
export function verdictOf(standing) {
  const { state, degree, step, why } = standing;
  if (state === "unforecast") return word(`unforecast.${why}`);
  const band = isJudged(standing) ? { low: number(step.q05), high: number(step.q95) } : {};
  return word(`state.${degree === 2 ? `far-${state}` : state}`, { ...band, off: offOf(standing) });
}

/** How many events go on in an area; empty where none does, and words where nobody knows. */
export function eventsOf(area) {
  const state = room.state("events");
  if (state !== "known") return word(`badge.${state}`);
  const count = room.openEvents(area.area_id).length;
  return count ? word("map.events", { count }) : "";
}

/** How far a value is from the median; in its own unit where the median is zero. */
export function offOf({ row, step }) {
  if (!step || !isKnown(row?.value)) return "";
  return step.q50 > 0 ? change(row.value / step.q50 - 1) : difference(row.value - step.q50);
}

/** A value with its unit; the sign of its standing where there is none. */
export const valueOf = (standing, kind) =>
  isKnown(standing.row?.value) ? word("value", { value: number(standing.row.value), unit: both(kind.unit) }) : sign(standing);

/** Why a value is missing, in words where there are some: reasons come from the tables, and one may be new. */
export function reasonOf(row) {
  if (!row) return word("reason.silent");
  return hasWord(`reason.${row.reason}`) ? word(`reason.${row.reason}`) : row.reason ?? word("reason.silent");
}

/** How well a forecast's model did on the past, and how often its band held. */
export function skillOf(score) {
  if (!score || score.mase === null) return word("skill.untested");
  const key = score.mase < 1 ? "skill.better" : "skill.worse";
  const error = word(key, { share: percent(Math.abs(1 - score.mase)), mase: decimal(score.mase) });
  return score.coverage80 === null ? error : `${error} ${word("skill.band", { coverage: percent(score.coverage80) })}`;
}

/** Since when something has been too far off to be chance; empty where it is not. */
export const toldOf = (episode) => (episode ? word("told.since", { time: timeOfDay(new Date(episode.from)) }) : "");
