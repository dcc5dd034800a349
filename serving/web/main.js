/** Start the situation room: the words first, then the elements, then the city. */

import "./elements/city-name.js";
import "./elements/wall-status.js";
import "./elements/language-switch.js";
import "./elements/trouble-banner.js";
import "./elements/city-overview.js";
import "./elements/kind-choice.js";
import "./elements/hex-map.js";
import "./elements/map-note.js";
import "./elements/map-legend.js";
import "./elements/area-panel.js";
import "./elements/strip-legend.js";
import "./elements/city-strips.js";
import "./elements/live-mark.js";
import "./elements/event-list.js";
import "./elements/page-foot.js";
import { room } from "./room.js";
import { remembered } from "./view.js";
import { learn, speak } from "./words.js";

addEventListener("error", (event) => room.report("page", event.error ?? event));
addEventListener("unhandledrejection", (event) => room.report("page", event.reason));

await learn();
speak(room.view.language);
room.open();
addEventListener("hashchange", () => room.choose(remembered()));
