/** Whether events arrive as they happen. */

import { room } from "../room.js";
import { word } from "../words.js";

class LiveMark extends HTMLElement {
  connectedCallback() {
    room.watch(["live", "view"], () => {
      this.dataset.live = room.live;
      this.textContent = word(`live.${room.live}`);
    });
  }
}

customElements.define("live-mark", LiveMark);
