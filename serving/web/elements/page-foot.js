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
    const about = [painted(), origin(), word("foot.private")].filter(Boolean).join(" ");
    this.replaceChildren(html("p", {}, about), html("nav", {}, links));
  }
}

/** How many cameras are synthetic; null where none is. */
function painted() {
  const synthetic = [...room.cameras.values()].filter(({ synthetic }) => synthetic).length;
  return synthetic ? word("foot.painted", { synthetic, total: room.cameras.size }) : null;
}

/** Whether any figure on the wall is made-up history; null before there was an answer. */
function origin() {
  const rows = [...room.hours.values()].flat();
  if (!rows.length) return room.state("hours") === "known" ? word("foot.nothing") : null;
  return word(rows.some(({ origin }) => origin !== "pixels") ? "foot.synthetic" : "foot.pixels");
}

customElements.define("page-foot", PageFoot);
