/** The city in a sentence: which kecamatan are unusual, which could not be judged, what is going on. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { distance, isJudged, isOfLastHour, isUnusual, sign } from "../standing.js";
import { both, hourSpan, list, timeOfDay, word } from "../words.js";

const MOST_NAMED = 4;

class CityOverview extends HTMLElement {
  connectedCallback() {
    room.watch(["hours", "forecasts", "places", "events", "view"], () => this.render());
  }

  render() {
    const { state, text, rest } = told();
    this.dataset.state = state;
    const mark = state in { loading: 1, failing: 1, unknown: 1 } ? `${sign({ state })} ` : "";
    const sentence = html("p", { class: state }, mark + text);
    this.replaceChildren(sentence, html("p", { class: "rest" }, [...rest, eventsSentence()].filter(Boolean).join(" ")));
  }
}

/** The state of the city, its sentence, and those that say what is not in it. */
function told() {
  for (const topic of ["places", "hours"]) {
    const state = room.state(topic);
    if (state === "loading") return { state, text: word("overview.loading"), rest: [] };
    if (state === "failing") return { state, text: unread(topic), rest: [] };
  }
  if (!room.kecamatan.length || !room.forecastKinds.length) return { state: "unknown", text: word("overview.empty"), rest: [] };
  return judgement(verdicts());
}

function unread(topic) {
  const since = room.answeredAt(topic);
  const places = { topic: word(`topic.${topic}`).toLowerCase(), time: since && timeOfDay(since) };
  return word(since ? "overview.old" : "overview.failing", places);
}

/** Every kecamatan with its standings in the kinds that a camera counts there. */
function verdicts() {
  return room.kecamatan.map((area) => {
    const standings = room.forecastKinds.map((kind) => ({ kind, standing: room.standing(area.area_id, kind.kind) }));
    const watched = standings.filter(({ standing }) => standing.state !== "none");
    return { area, watched, found: watched.filter(({ standing }) => isUnusual(standing)) };
  });
}

const every = ({ watched }, holds) => watched.length > 0 && watched.every(({ standing }) => holds(standing));
const is = (state) => (standing) => standing.state === state;

function judgement(all) {
  const unusual = all.filter(({ found }) => found.length).sort((a, b) => furthest(b.found) - furthest(a.found));
  const judged = all.filter(({ watched }) => watched.some(({ standing }) => isJudged(standing)));
  const whole = all.filter((verdict) => every(verdict, isJudged));
  const rest = [hoursSentence(judged), ...shortfalls(all, judged, whole)];
  if (unusual.length) return { state: "unusual", text: unusualSentence(all.length, unusual), rest };
  if (!judged.length) return { state: "unknown", text: word("overview.unjudged"), rest };
  const places = { count: all.length, judged: judged.length };
  return { state: "calm", text: word(judged.length === all.length ? "overview.calm" : "overview.calm-of", places), rest };
}

/** Who is left out of the verdict, and why. */
function shortfalls(all, judged, whole) {
  const unknown = all.filter((verdict) => every(verdict, is("unknown")));
  const unforecast = all.filter((verdict) => every(verdict, is("unforecast")));
  const unwatched = all.filter(({ watched }) => !watched.length);
  const partly = judged.filter((verdict) => !whole.includes(verdict));
  const mixed = all.filter((verdict) => ![judged, unknown, unforecast, unwatched].some((group) => group.includes(verdict)));
  const groups = [
    ["overview.partly", partly],
    ["overview.unknown", unknown],
    [`unjudged.${room.state("forecasts")}`, unforecast],
    ["overview.mixed", mixed],
    ["overview.unwatched", unwatched],
  ];
  return groups.map(([key, group]) => (group.length ? word(key, { areas: named(group, all.length) }) : ""));
}

/** Names, where it is not simply all of them. */
function named(group, count) {
  if (group.length === count) return word("overview.all");
  return shortened(group.map(({ area }) => area.name));
}

function shortened(names) {
  const left = names.length - MOST_NAMED;
  return list(left > 0 ? [...names.slice(0, MOST_NAMED), word("overview.more", { count: left })] : names);
}

/** Of the hour that is over, where that was judged instead of the running one. */
function hoursSentence(judged) {
  const standings = judged.flatMap(({ watched }) => watched.map(({ standing }) => standing)).filter(isJudged);
  const last = standings.filter((standing) => isOfLastHour(standing, room.now));
  if (!last.length) return "";
  const key = last.length === standings.length ? "overview.last-hour" : "overview.partly-last-hour";
  return word(key, { hour: hourSpan(new Date(last[0].row.hour)) });
}

const furthest = (found) => Math.max(...found.map(({ standing }) => distance(standing)));

function unusualSentence(count, unusual) {
  const areas = shortened(unusual.map(({ area, found }) => word("overview.area", { name: area.name, kind: kindOf(found) })));
  return word("overview.unusual", { count, unusual: unusual.length, areas });
}

/** The kind that is furthest out. */
function kindOf(found) {
  const [{ kind, standing }] = found.toSorted((a, b) => distance(b.standing) - distance(a.standing));
  return `${both(kind.title).toLowerCase()} ${sign(standing)}`;
}

function eventsSentence() {
  const [state, since, count] = [room.state("events"), room.answeredAt("events"), room.events.going.length];
  if (state !== "known") return word(since ? "happening.old" : `happening.${state}`, { time: since && timeOfDay(since) });
  return count ? word("overview.events", { count }) : word("overview.no-events");
}

customElements.define("city-overview", CityOverview);
