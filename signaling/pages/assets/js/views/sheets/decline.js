// No other date is wished: asked back once, for the offer is gone then.

import { t } from "../../text.js";
import { sign } from "../../parts.js";
import { backTo, title, words } from "./sheet.js";

export function declineSheet(app) {
  return {
    parts: [title(t("decline.title")), words(t("decline.words")), sign(t("decline.yes"), { testid: "decline-yes", kind: "btn--stop", shape: "cross", onclick: () => app.do.decline() }), backTo(app)],
  };
}
