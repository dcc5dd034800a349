/** A standing in words. */

import { isKnown, sign } from "./standing.js";
import { both, change, difference, hasWord, number, word } from "./words.js";

/** Where a value stands, as a sentence without its name. */
export function verdictOf(standing) {
  const { state, degree, step } = standing;
  const band = step ? { low: number(step.q05), high: number(step.q95) } : {};
  return word(`state.${degree === 2 ? `far-${state}` : state}`, { ...band, off: offOf(standing) });
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
