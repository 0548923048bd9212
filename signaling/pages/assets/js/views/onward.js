// After a session, for the supporter: who comes next, the way back to the desk where one is open in this browser, and whom to call.

import { h, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { isSupporter } from "../state.js";
import { askForDesk } from "../desk/here.js";
import { dial, sign } from "../parts.js";
import { createAfterThis } from "./after_this.js";

export function createOnward(app) {
  const { s } = app;
  const after = createAfterThis(app);
  const stay = h("p", { class: "small", role: "status" });
  const back = sign(t("onward.desk"), { testid: "to-desk", shape: "back", onclick: leave });
  const number = s.programme.telephone;
  const help = h("p", { class: "small quiet help" }, h("span", {}, t("help.staff")), " ", number && h("span", { class: "help__number" }, icon("phone", "i--s"), dial(number)));
  let isDeskHere = false;
  const stopAsking = isSupporter(s) ? askForDesk(() => (isDeskHere = true)) : null;

  // The desk opened this page beside itself, and is in front again when it closes. A page that may not close says where the desk is.
  function leave() {
    window.close();
    stay.textContent = t("onward.stay");
  }

  return {
    el: h("section", { class: "pad-s", dataset: { testid: "onward" }, hidden: !isSupporter(s) }, after.el),
    foot: isSupporter(s) ? [back, stay, help] : [],
    update() {
      after.update();
      show(back, isDeskHere);
    },
    rest: () => stopAsking?.(),
  };
}
