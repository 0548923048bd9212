// Word of being late: asked back once, for it goes to the counsellor and cannot be taken back.

import { t } from "../../text.js";
import { endsAt } from "../../state.js";
import { sign } from "../../parts.js";
import { backTo, title, words } from "./sheet.js";

export function noticeSheet(app) {
  const time = app.write.moment(endsAt(app.s.session));
  return {
    parts: [title(t("notice.title")), words(t("notice.words", { time })), sign(t("notice.yes"), { testid: "notice-yes", shape: "bell", onclick: () => app.do.giveNotice() }), backTo(app)],
  };
}
