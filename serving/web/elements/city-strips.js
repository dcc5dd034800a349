/** One strip for each kind that is forecast: a new analytic brings its own. */

import "./city-strip.js";
import { html } from "../markup.js";
import { room } from "../room.js";

class CityStrips extends HTMLElement {
  connectedCallback() {
    room.watch(["places"], () => this.render());
  }

  render() {
    const kinds = room.forecastKinds.map(({ kind }) => kind);
    if (kinds.join() === this.drawn) return;
    this.drawn = kinds.join();
    this.replaceChildren(...kinds.map((kind) => html("city-strip", { kind })));
  }
}

customElements.define("city-strips", CityStrips);
