/** The kecamatan as hexagons, grey until one leaves its own forecast band. */

import { html, svg } from "../markup.js";
import { room } from "../room.js";
import { isJudged, isKnown, isOfLastHour, isUnusual, sign } from "../standing.js";
import { eventsOf, offOf, toldOf, valueOf, verdictOf } from "../verdict.js";
import { both, hourSpan, number, word } from "../words.js";

const RADIUS = 60;
const WIDTH = Math.sqrt(3) * RADIUS;
const GAP = 3;

class HexMap extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "view"], () => this.draw());
    room.watch(["hours", "forecasts", "unusual", "events", "view"], () => this.render());
  }

  /** Once for a city: later answers only change what a hexagon says, so that the keyboard's focus stays. */
  draw() {
    if (!room.kecamatan.length) return this.replaceChildren(waiting());
    const codes = room.kecamatan.map(({ area_id, tile_col, tile_row }) => [area_id, tile_col, tile_row]).join();
    if (codes === this.drawn) return;
    this.drawn = codes;
    this.chart = svg("svg", { role: "group", viewBox: frame(room.kecamatan.map(centre)) }, room.kecamatan.map(hexagon));
    this.replaceChildren(this.chart);
    this.render();
  }

  render() {
    if (!this.chart || !room.kind) return;
    this.chart.setAttribute("aria-label", word("map.label", { kind: both(room.kind.title) }));
    for (const node of this.chart.children) say(node);
  }
}

/** What stands where there is no map yet. */
function waiting() {
  const state = room.state("places");
  return html("p", { class: "waiting", "data-state": state }, word(`map.${state}`));
}

/** Pointy-top hexagons; odd rows stand half a tile further right. */
function centre({ tile_col, tile_row }) {
  return { x: WIDTH * (tile_col + (tile_row % 2) / 2), y: 1.5 * RADIUS * tile_row };
}

function frame(centres) {
  const [xs, ys] = [centres.map(({ x }) => x), centres.map(({ y }) => y)];
  const [left, top] = [Math.min(...xs) - WIDTH / 2, Math.min(...ys) - RADIUS];
  return [left, top, Math.max(...xs) + WIDTH / 2 - left, Math.max(...ys) + RADIUS - top].map(Math.round).join(" ");
}

function corners({ x, y }) {
  const radius = RADIUS - GAP;
  const corner = (turn) => [x + radius * Math.sin((turn * Math.PI) / 3), y - radius * Math.cos((turn * Math.PI) / 3)];
  return [0, 1, 2, 3, 4, 5].map((turn) => corner(turn).map((place) => place.toFixed(1)).join()).join(" ");
}

function hexagon(area) {
  const { x, y } = centre(area);
  const points = corners({ x, y });
  const words = area.name.split(" ");
  const name = words.map((part, line) => svg("tspan", { x, dy: line ? "1.05em" : `${-0.52 * (words.length - 1)}em` }, part));
  return svg(
    "g",
    {
      class: "hexagon",
      role: "button",
      tabindex: 0,
      "data-area": area.area_id,
      click: () => choose(area.area_id),
      keydown: (event) => pressed(event, area.area_id),
      pointerenter: () => room.peek(area.area_id),
      pointerleave: () => room.peek(null),
      focus: () => room.peek(area.area_id),
      blur: () => room.peek(null),
    },
    svg("polygon", { class: "tile", points }),
    svg("polygon", { class: "hatched", points, fill: "url(#hatch)" }),
    svg("text", { class: "name", x, y: y - 12 }, name),
    svg("text", { class: "verdict", x, y: y + 20 }),
    svg("text", { class: "state", x, y: y + 35 }),
    svg("g", { class: "badge" }, svg("circle", { cx: x, cy: y - 44, r: 9 }), svg("text", { x, y: y - 40 })),
  );
}

const choose = (area) => room.choose({ area: room.view.area === area ? null : area });

function pressed(event, area) {
  if (event.key !== "Enter" && event.key !== " ") return;
  event.preventDefault();
  choose(area);
}

function say(node) {
  const area = room.areas.get(node.dataset.area);
  const standing = room.standing(area.area_id, room.kind.kind);
  const episode = room.told(area.area_id, room.kind.kind);
  node.dataset.state = standing.state;
  node.dataset.degree = standing.degree;
  node.dataset.told = Boolean(episode);
  node.setAttribute("aria-pressed", String(room.view.area === area.area_id));
  node.setAttribute("aria-label", spoken(area, standing, episode));
  node.querySelector(".verdict").textContent = figure(standing);
  node.querySelector(".state").textContent = inWords(standing);
  badge(node.querySelector(".badge"), area);
}

/** How many events go on there; a question mark where nobody knows. */
function badge(node, area) {
  const [events, state] = [room.openEvents(area.area_id).length, room.state("events")];
  node.dataset.state = state;
  node.classList.toggle("none", events === 0 && state === "known");
  node.querySelector("text").textContent = state === "known" ? events : sign({ state: state === "loading" ? state : "unknown" });
}

function spoken(area, standing, episode) {
  const parts = [area.name, both(room.kind.title), valueOf(standing, room.kind), verdictOf(standing), hourOf(standing)];
  if (episode) parts.push(toldOf(episode));
  parts.push(eventsOf(area));
  return parts.filter(Boolean).join(". ");
}

/** What stands in the hexagon: how far off the count is where it is unusual, else the count, else a sign. */
function figure(standing) {
  if (isUnusual(standing)) return `${sign(standing)} ${offOf(standing)}`.trim();
  return isKnown(standing.row?.value) ? number(standing.row.value) : sign(standing);
}

/** The state in words, since a colour or a pattern is none; of what was judged by the last hour, that hour. */
function inWords(standing) {
  return isJudged(standing) ? hourOf(standing) : word(`tile.${standing.state}`);
}

const hourOf = (standing) => (isJudged(standing) && isOfLastHour(standing, room.now) ? hourSpan(new Date(standing.row.hour)) : "");

customElements.define("hex-map", HexMap);
