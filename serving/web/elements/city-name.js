/** The name of the city, as the table of areas has it. */

import { room } from "../room.js";

class CityName extends HTMLElement {
  connectedCallback() {
    room.watch(["places"], () => (this.textContent = room.city?.name ?? ""));
  }
}

customElements.define("city-name", CityName);
