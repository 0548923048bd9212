// The bar over board and desk: which office, which day, whether the server is there, language, theme, and the time.

import { h, setText, show } from "../dom.js";
import { icon, logo } from "../icons.js";
import { languages } from "../parts.js";
import { pick, t } from "../text.js";

// does: {speak(language), theme()}; heading, day, who: elements, or nothing; tools: buttons
export function createBar(app, does, { heading = null, day = null, tools = [], who = null }) {
  const office = h("span", { class: "office" });
  const server = h("span", { class: "server", role: "status" });
  const clock = h("span", { class: "clock num", "aria-hidden": "true" });
  const zone = h("span", { class: "small quiet", hidden: true, dataset: { testid: "zone" } });
  const turn = h("button", { type: "button", class: "btn", "aria-label": t("board.theme"), onclick: does.theme }, icon("theme", "i--s"), h("span", {}, t("board.theme")));
  return {
    el: h("header", { class: "bar" }, heading, logo(t("site.name")), office, day, h("span", { class: "sp" }), server, tools, turn, languages({ do: does }), who, h("span", { class: "now" }, clock, zone)),
    update(now) {
      const name = pick(app.state.office);
      setText(office, name);
      show(office, name !== t("site.name")); // without a name of its own: it is said once
      setText(clock, app.write.exact(now));
      const place = app.write.elsewhere(now);
      show(zone, place !== "");
      setText(zone, place);
      setText(server, t(app.state.isOnline ? "board.server_ok" : "board.server_lost"));
      server.classList.toggle("is-lost", !app.state.isOnline);
    },
  };
}
