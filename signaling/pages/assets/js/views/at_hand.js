// What a supporter has at hand beside a session: what was noted at the booking, notes to oneself, what comes after.

import { h } from "../dom.js";
import { t } from "../text.js";
import { createMemo } from "../desk/memo.js";
import { createNoted } from "../desk/noted.js";
import { createAfterThis } from "./after_this.js";

export function createAtHand(app) {
  const { s } = app;
  const noted = createNoted(() => app.do.readNoted());
  const memo = createMemo(app.memos);
  const after = createAfterThis(app);
  return {
    el: [noted.el, h("section", {}, h("h2", {}, t("memo.title")), memo.el), after.el],
    update() {
      noted.update(s.noted);
      memo.update(s.session);
      after.update();
    },
  };
}
