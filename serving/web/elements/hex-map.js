/** The kecamatan as hexagons, grey until one leaves its own forecast band. */

import { svg } from "../markup.js";
import { room } from "../room.js";
import { sign } from "../standing.js";
import { offOf, toldOf, valueOf, verdictOf } from "../verdict.js";
import { both, number, word } from "../words.js";

const RADIUS = 60;
const WIDTH = Math.sqrt(3) * RADIUS;
const GAP = 3;

class HexMap extends HTMLElement {
  connectedCallback() {
    room.watch(["places"], () => this.draw());
    room.watch(["hours", "forecasts", "unusual", "events", "view"], () => this.render());
  }

  /** Once for a city: later answers only change what a hexagon says, so that the keyboard's focus stays. */
  draw() {
    if (!room.kecamatan.length) return;
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
    svg("text", { class: "verdict", x, y: y + 27 }),
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
  const events = room.openEvents(area.area_id).length;
  node.dataset.state = standing.state;
  node.dataset.degree = standing.degree;
  const episode = room.told(area.area_id, room.kind.kind);
  node.dataset.told = Boolean(episode);
  node.setAttribute("aria-pressed", String(room.view.area === area.area_id));
  node.setAttribute("aria-label", spoken(area, standing, episode, events));
  node.querySelector(".verdict").textContent = figure(standing);
  node.querySelector(".badge").classList.toggle("none", events === 0);
  node.querySelector(".badge text").textContent = events;
}

function spoken(area, standing, episode, events) {
  const parts = [area.name, both(room.kind.title), valueOf(standing, room.kind), verdictOf(standing)];
  if (episode) parts.push(toldOf(episode));
  if (events) parts.push(word("map.events", { count: events }));
  return parts.join(". ");
}

/** What stands in the hexagon: the count while it is usual, how far off when it is not. */
function figure(standing) {
  const { state, row } = standing;
  if (state === "usual" || state === "unforecast") return number(row.value);
  return `${sign(standing)} ${offOf(standing)}`.trim();
}

customElements.define("hex-map", HexMap);
