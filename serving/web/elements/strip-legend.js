/** What the marks in the strips mean. */

import { html, svg } from "../markup.js";
import { room } from "../room.js";
import { word } from "../words.js";

const SAMPLES = {
  measured: () => [line(), svg("circle", { class: "dot pixels", cx: 13, cy: 9, r: 3.5 })],
  synthetic: () => [line(), svg("circle", { class: "dot synthetic", cx: 13, cy: 9, r: 3.5 })],
  running: () => [svg("path", { class: "dot running", d: "M13 2l6 7-6 7-6-7z" })],
  gap: () => [svg("rect", { class: "gap", x: 1, y: 1, width: 24, height: 16, fill: "url(#hatch)" })],
  band: () => [rectangle("outer", 2, 14), rectangle("inner", 5, 8), svg("line", { class: "median", x1: 1, x2: 25, y1: 9, y2: 9 })],
};

const line = () => svg("line", { class: "actual", x1: 1, x2: 25, y1: 9, y2: 9 });
const rectangle = (name, y, height) => svg("rect", { class: name, x: 1, y, width: 24, height });

class StripLegend extends HTMLElement {
  connectedCallback() {
    room.watch(["view"], () => this.replaceChildren(...Object.keys(SAMPLES).map(entry)));
  }
}

const entry = (name) =>
  html("span", {}, svg("svg", { viewBox: "0 0 26 18", "aria-hidden": "true" }, SAMPLES[name]()), word(`strip.${name}`));

customElements.define("strip-legend", StripLegend);
