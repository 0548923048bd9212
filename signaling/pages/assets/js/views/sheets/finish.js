// Both had closed their pages; the supporter is back and says whether that was the end (product.md, Goodbye).

import { t } from "../../text.js";
import { other } from "../../state.js";
import { nameOf, sign } from "../../parts.js";
import { title, words } from "./sheet.js";

export function finishSheet(app) {
  const answer = (finished) => () => app.do.answerFinish(finished);
  return {
    parts: [
      title(t("finish.title")),
      words(t("finish.words", { name: nameOf(other(app.s)) })),
      sign(t("finish.yes"), { testid: "finish-yes", onclick: answer(true), shape: "tick" }),
      sign(t("finish.no"), { testid: "finish-no", kind: "", small: t("finish.no_more"), onclick: answer(false), shape: "back" }),
    ],
  };
}
