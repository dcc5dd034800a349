/** The city in a sentence: how many kecamatan, which of them are unusual or unknown, what is going on. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { distance, isUnusual, sign } from "../standing.js";
import { both, list, word } from "../words.js";

const MOST_NAMED = 4;

class CityOverview extends HTMLElement {
  connectedCallback() {
    room.watch(["hours", "forecasts", "places", "events", "view"], () => this.render());
  }

  render() {
    if (!room.kecamatan.length || !room.forecastKinds.length) return this.replaceChildren(html("p", {}, word("overview.loading")));
    const { unusual, unknown } = verdicts();
    const sentence = html("p", { class: unusual.length ? "unusual" : "calm" }, areasSentence(unusual));
    const rest = [unknownSentence(unknown), eventsSentence()].filter(Boolean).join(" ");
    this.replaceChildren(sentence, html("p", { class: "rest" }, rest));
  }
}

/** The areas outside their band in any kind, the furthest first, and those unknown in every kind watched. */
function verdicts() {
  const all = room.kecamatan.map((area) => ({ area, standings: standings(area) }));
  const unusual = all
    .map(({ area, standings }) => ({ area, found: standings.filter(({ standing }) => isUnusual(standing)) }))
    .filter(({ found }) => found.length)
    .sort((a, b) => furthest(b.found) - furthest(a.found));
  const watched = ({ standings }) => standings.filter(({ standing }) => standing.state !== "none");
  const isUnknown = (verdict) => watched(verdict).length > 0 && watched(verdict).every(({ standing }) => standing.state === "unknown");
  return { unusual, unknown: all.filter(isUnknown).map(({ area }) => area) };
}

const standings = (area) => room.forecastKinds.map((kind) => ({ kind, standing: room.standing(area.area_id, kind.kind) }));
const furthest = (found) => Math.max(...found.map(({ standing }) => distance(standing)));

function areasSentence(unusual) {
  const count = room.kecamatan.length;
  if (!unusual.length) return word("overview.calm", { count });
  const named = unusual.slice(0, MOST_NAMED).map(({ area, found }) => word("overview.area", { name: area.name, kind: kindOf(found) }));
  if (unusual.length > MOST_NAMED) named.push(word("overview.more", { count: unusual.length - MOST_NAMED }));
  return word("overview.unusual", { count, unusual: unusual.length, areas: list(named) });
}

/** The kind that is furthest out. */
function kindOf(found) {
  const [{ kind, standing }] = found.toSorted((a, b) => distance(b.standing) - distance(a.standing));
  return `${both(kind.title).toLowerCase()} ${sign(standing)}`;
}

const unknownSentence = (unknown) =>
  unknown.length ? word("overview.unknown", { count: unknown.length, areas: list(unknown.map(({ name }) => name)) }) : "";

function eventsSentence() {
  const going = [...room.events.values()].filter(({ ended_at }) => !ended_at).length;
  return going ? word("overview.events", { count: going }) : word("overview.no-events");
}

customElements.define("city-overview", CityOverview);
