/** What is real and what is made up, where the source is, and the way to the tables. */

import { html } from "../markup.js";
import { room } from "../room.js";
import { word } from "../words.js";

class PageFoot extends HTMLElement {
  connectedCallback() {
    room.watch(["places", "hours", "view"], () => this.render());
  }

  render() {
    const links = [html("a", { href: "docs" }, word("foot.api"))];
    if (room.about) links.unshift(html("a", { href: room.about.source, rel: "license" }, word("foot.source", room.about)));
    this.replaceChildren(html("p", { class: "origin" }, word(`foot.${origin()}`)), html("nav", {}, links));
  }
}

/** Whether any figure on the wall comes from the synthetic city. */
function origin() {
  const rows = [...room.hours.values()].flat();
  if (!rows.length) return "nothing";
  return rows.some(({ origin }) => origin !== "pixels") ? "synthetic" : "pixels";
}

customElements.define("page-foot", PageFoot);
