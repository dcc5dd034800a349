/** Which kind colours the map: every kind that is forecast, by its own title. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { both, word } from "../words.js";

class KindChoice extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "group");
    room.watch(["places", "view"], () => this.render());
  }

  render() {
    this.setAttribute("aria-label", word("map.choice"));
    const focused = this.contains(document.activeElement) ? document.activeElement.dataset.kind : null;
    this.replaceChildren(...room.forecastKinds.map(button));
    this.querySelector(`[data-kind="${focused}"]`)?.focus();
  }
}

const button = ({ kind, title }) =>
  html("button", { type: "button", "data-kind": kind, "aria-pressed": String(kind === room.kind.kind), click: () => room.choose({ kind }) }, both(title));

customElements.define("kind-choice", KindChoice);
