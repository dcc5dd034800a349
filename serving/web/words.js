/** The page's two languages: its words, and how each writes numbers, times and lists. */

const LOCALES = { id: "id-ID", en: "en-GB" };
const ZONE = "Asia/Jakarta";
const HOUR_MS = 3_600_000;
const WIB_MS = 7 * HOUR_MS;

export const LANGUAGES = Object.keys(LOCALES);

let language = "id";
const known = {};
let words = {};

/** Load every language at once, so that they can be exchanged when the server is lost, too. */
export async function learn() {
  const load = async (name) => (known[name] = await (await fetch(new URL(`words/${name}.json`, import.meta.url))).json());
  await Promise.all(LANGUAGES.map(load));
}

/** Take a language, and write it into everything that carries `data-word`. */
export function speak(wanted) {
  language = wanted;
  words = known[wanted];
  document.documentElement.lang = wanted;
  document.title = word("page.title");
  for (const node of document.querySelectorAll("[data-word]")) node.textContent = word(node.dataset.word);
}

/** A sentence by its key, its {places} filled; an unknown key shows itself. */
export function word(key, values = {}) {
  return (words[key] ?? key).replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** Whether the language has words for `key`. */
export const hasWord = (key) => key in words;

/** The current language's half of a text that the API gives in both. */
export const both = (text) => text?.[language] ?? "";

/** A count as people read it: whole from ten on, one decimal below. */
export function number(value) {
  const digits = Math.abs(value) < 10 ? 1 : 0;
  return new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: digits }).format(value);
}

const numbers = (options) => (value) => new Intl.NumberFormat(LOCALES[language], options).format(value);

export const decimal = numbers({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const percent = numbers({ style: "percent", maximumFractionDigits: 0 });
export const change = numbers({ style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });
export const difference = numbers({ maximumFractionDigits: 1, signDisplay: "exceptZero" });

export const list = (items) => new Intl.ListFormat(LOCALES[language]).format(items);

const inCity = (instant, options) => new Intl.DateTimeFormat(LOCALES[language], { timeZone: ZONE, ...options }).format(instant);

export const clock = (instant) => inCity(instant, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const timeOfDay = (instant) => inCity(instant, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const date = (instant) => inCity(instant, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
export const weekday = (instant) => inCity(instant, { weekday: "short", day: "numeric" });

/** The hour that begins at `instant`, as "10.00–11.00". */
export const hourSpan = (instant) => `${timeOfDay(instant)}–${timeOfDay(new Date(+instant + HOUR_MS))}`;

/** A length of time in its largest sensible unit. */
export function duration(seconds) {
  const [size, unit] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]].find(([size]) => seconds >= size) ?? [1, "second"];
  const whole = Math.max(0, Math.floor(seconds / size));
  return new Intl.NumberFormat(LOCALES[language], { style: "unit", unit, unitDisplay: "short" }).format(whole);
}

/** City time for a chart that knows only UTC: Observable Plot has no time zones. */
export const shifted = (instant) => new Date(+instant + WIB_MS);
export const unshifted = (instant) => new Date(+instant - WIB_MS);
