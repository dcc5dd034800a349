/** How somebody looks at the room: it stands in the address, so that a wall's bookmark keeps it. */

import { LANGUAGES } from "./words.js";

/** Language, kind and kecamatan as the address has them. */
export function remembered() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const language = LANGUAGES.includes(asked.get("lang")) ? asked.get("lang") : LANGUAGES[0];
  return { language, kind: asked.get("kind"), area: asked.get("area") };
}

/** Write them into the address, without a step in the browser's history. */
export function remember({ language, kind, area }) {
  const wanted = Object.entries({ lang: language, kind, area }).filter(([, value]) => value);
  history.replaceState(null, "", `#${new URLSearchParams(wanted)}`);
}
