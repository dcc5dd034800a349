/** What the hexagons' colours, signs and patterns mean. */

import { html, svg } from "../markup.js";
import { room } from "../room.js";
import { sign } from "../standing.js";
import { word } from "../words.js";

const SAMPLES = [
  { state: "below", degree: 1 },
  { state: "usual", degree: 0 },
  { state: "above", degree: 1 },
  { state: "above", degree: 2 },
  { state: "unforecast", degree: 0 },
  { state: "unknown", degree: 0 },
  { state: "none", degree: 0 },
  { state: "loading", degree: 0 },
  { state: "failing", degree: 0 },
];

class MapLegend extends HTMLElement {
  connectedCallback() {
    room.watch(["view"], () => this.replaceChildren(...SAMPLES.map(entry)));
  }
}

function entry(sample) {
  const { state, degree } = sample;
  const tile = (name, fill) => svg("rect", { class: name, x: 1, y: 1, width: 24, height: 16, rx: 3, fill });
  const swatch = svg(
    "svg",
    { class: "hexagon", "data-state": state, "data-degree": degree, viewBox: "0 0 26 18", "aria-hidden": "true" },
    tile("tile"),
    tile("hatched", "url(#hatch)"),
    svg("text", { class: "verdict", x: 13, y: 13 }, sign(sample)),
  );
  return html("span", {}, swatch, word(`legend.${degree === 2 ? `far-${state}` : state}`));
}

customElements.define("map-legend", MapLegend);
