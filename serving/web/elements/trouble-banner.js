/** Says over the whole wall that it does not show the present, and what else went wrong. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { clock, duration, word } from "../words.js";

class TroubleBanner extends HTMLElement {
  connectedCallback() {
    room.watch(["health", "troubles", "view"], () => this.render());
  }

  render() {
    document.body.classList.toggle("blind", room.isBlind);
    const sentences = [blindness(), ...troubles()].filter(Boolean);
    const text = sentences.join("\n");
    if (text === this.told) return;
    this.told = text;
    this.replaceChildren(...sentences.map((sentence) => html("p", {}, sentence)));
  }
}

/** Why the wall does not show the present; null when it does. */
function blindness() {
  if (room.unreachableSince) return word("blind.unreachable", { time: clock(room.unreachableSince) });
  if (room.health?.status === "empty") return word("blind.empty");
  if (room.health?.status === "stale") return word("blind.stale", { age: duration(room.ageSeconds) });
  return null;
}

const troubles = () =>
  [...room.troubles].map(([topic, trouble]) => word("trouble", { topic: word(`topic.${topic}`), trouble }));

customElements.define("trouble-banner", TroubleBanner);
