// The start is late, and not through the seeker: begin now, or another date (IX 6-7). The second stays possible until the end.

import { h, setText } from "../../dom.js";
import { countdown, ms } from "../../clock.js";
import { endsAt } from "../../state.js";
import { t } from "../../text.js";
import { sign } from "../../parts.js";
import { backTo, title, words } from "./sheet.js";

export function beginSheet(app) {
  const { s, write } = app;
  const left = h("b", { class: "num", role: "timer", "aria-live": "off", dataset: { testid: "begin-left" } });
  const end = write.moment(endsAt(s.session));
  return {
    parts: [
      title(t("begin.title")),
      words(t(s.session.late === "platform" ? "begin.ours" : "begin.words", { time: end })),
      sign(t("begin.begin"), { testid: "begin", onclick: () => app.do.begin() }),
      sign(t("begin.another_date"), { testid: "another-date", kind: "", small: t("wait.quota"), onclick: () => app.do.anotherDate() }),
      h("p", { class: "small quiet" }, t("begin.silence"), "　", left),
    ],
    update() {
      const until = ms(s.session.question?.answer_by);
      setText(left, until === null ? "" : countdown(until - s.now));
    },
  };
}

export function lateSheet(app) {
  return {
    parts: [
      title(t("late.title")),
      words(t("late.words")),
      sign(t("late.yes"), { testid: "another-date", kind: "btn--stop", small: t("wait.quota"), onclick: () => app.do.anotherDate() }),
      backTo(app),
    ],
  };
}
