// The office ends a session that runs: a reason, and whether it was held all the same.

import { t } from "../text.js";
import { outcomeWords } from "./words.js";

export function end(session, app) {
  const name = session.participants.find((one) => one.role === "seeker")?.display_name ?? "";
  const decided = session.verdict;
  // What a grace has decided stays so, and what never flowed was never held: then there is nothing to choose.
  const isOpen = !decided && (session.has_media_flowed || session.medium === "phone");
  const options = ["no", "yes"].map((held) => ({ value: held, word: t(`board.end_held.${held}`), more: t(`board.end_held.${held}.more`) }));
  app.forms.ask({
    kind: "end",
    title: t("board.end_title", { name }),
    lead: [t("board.end_lead"), decided ? t("board.end_decided", { outcome: outcomeWords(decided.outcome, decided.cause) }) : t("board.end_told")],
    fields: [isOpen && { name: "held", kind: "choice", label: t("board.field.held"), options, value: "no" }, { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true }].filter(Boolean),
    button: t("board.do.end"),
    isGrave: true,
    send: ({ held = "no", reason }) => app.change(session.id, `/sessions/${encodeURIComponent(session.id)}/end`, { held: held === "yes", reason }),
    done: (after) => t("board.done.end", { outcome: outcomeWords(after.outcome, after.cause) }), // what was decided meanwhile stays so
  });
}
