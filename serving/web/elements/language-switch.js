/** The two languages, each written in itself. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { LANGUAGES, word } from "../words.js";

const NAMES = { id: "Indonesia", en: "English" };

class LanguageSwitch extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "group");
    const buttons = LANGUAGES.map((language) =>
      html("button", { type: "button", lang: language, "data-language": language, click: () => room.choose({ language }) }, NAMES[language]),
    );
    this.append(...buttons);
    room.watch(["view"], () => this.render());
  }

  render() {
    this.setAttribute("aria-label", word("language.title"));
    for (const button of this.children) button.setAttribute("aria-pressed", button.dataset.language === room.view.language);
  }
}

customElements.define("language-switch", LanguageSwitch);
