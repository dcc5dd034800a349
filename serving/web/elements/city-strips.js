/** One strip for each kind that is forecast: a new analytic brings its own. */

import "./city-strip.js";
import { html } from "../markup.js";
import { room } from "../room.js";
import { word } from "../words.js";

class CityStrips extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "view"], () => this.render());
  }

  render() {
    const kinds = room.forecastKinds.map(({ kind }) => kind);
    if (!kinds.length || !room.city) return this.replaceChildren(waiting());
    if (kinds.join() === this.drawn) return;
    this.drawn = kinds.join();
    this.replaceChildren(...kinds.map((kind) => html("city-strip", { kind })));
  }
}

/** What stands where there is no strip yet. */
function waiting() {
  const state = room.state("places");
  return html("p", { class: "waiting", "data-state": state }, word(`strips.${state}`));
}

customElements.define("city-strips", CityStrips);
