// Somebody is lost and has said that they will be back: their seat is kept until the end, and not for the programme's hold.

import { ms } from "../clock.js";
import { t } from "../text.js";
import { outcomeWords } from "./words.js";

// Both have said goodbye: nobody is waited for.
export const isHoldable = (session, row) => session.phase === "interrupted" && !session.kept_until && !row?.goodbye;

export function hold(session, app) {
  const time = app.write.moment(ms(app.row(session.id)?.maintenance_at ?? session.ends_at));
  const name = session.participants.find((one) => one.role === "seeker")?.display_name ?? "";
  const decided = session.verdict;
  app.forms.ask({
    kind: "hold",
    title: t("board.hold_title", { name, time }),
    lead: [t("board.hold_lead", { time }), decided ? t("board.hold_decided", { outcome: outcomeWords(decided.outcome, decided.cause) }) : t("board.hold_open")],
    fields: [{ name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true }],
    button: t("board.do.hold"),
    send: (values) => app.change(session.id, `/sessions/${encodeURIComponent(session.id)}/hold`, values),
    done: t("board.done.hold", { time }),
  });
}
