// Outcome and cause anew, with a reason. Nothing is chosen beforehand: what one forgets to choose would be blamed on somebody.

import { t } from "../text.js";
import { CAUSES, outcomeWords } from "./words.js";

const ORDER = ["seeker", "supporter", "platform", "unknown", "office", "maintenance"];

// The number of overrulings that were seen goes along, so that two at once are noticed.
export async function overrule(session, app) {
  const at = `/sessions/${encodeURIComponent(session.id)}`;
  const { verdicts } = await app.api.get(`${at}/verdicts`).catch(() => ({ verdicts: [] })); // without it one chooses all the same
  if (!app.forms || app.forms.isOpen()) return;
  const nothing = { value: "", word: t("board.booking.choose") };
  const outcomes = Object.keys(CAUSES).map((outcome) => ({ value: outcome, word: t(`short.${outcome}`) }));
  const causes = ORDER.map((cause) => ({ value: cause, word: t(`cause.${cause}.long`) }));
  const isWithCause = ({ outcome }) => outcome !== null && CAUSES[outcome].length > 0;
  app.forms.ask({
    kind: "overrule",
    title: t("board.action.overrule"),
    lead: [t("board.overrule_now", { outcome: outcomeWords(session.outcome, session.cause) }), t("board.overrule_lead")],
    fields: [
      { name: "outcome", kind: "select", label: t("board.field.outcome"), options: [nothing, ...outcomes], value: "", isNeeded: true, hint: (values) => (isWithCause(values) ? "" : followsOf(values, verdicts)) },
      { name: "cause", kind: "select", label: t("board.field.cause"), options: [nothing, ...causes], value: "", isNeeded: true, isFor: isWithCause, limit: causesFor, hint: (values) => followsOf(values, verdicts) },
      { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true },
    ],
    button: t("board.do.overrule"),
    send: ({ outcome, cause, reason }) => app.change(session.id, `${at}/overrule`, { outcome, cause, reason, number: session.overrulings?.length ?? 0 }),
    at: ({ code }) => (code === "verdict_unchanged" ? ["outcome"] : []),
    done: t("board.done.overrule"),
  });
}

// Those that the outcome can have; where it has only one there is nothing to choose.
export function causesFor({ outcome }) {
  const causes = CAUSES[outcome] ?? [];
  return causes.length === 1 ? causes : ["", ...causes];
}

// verdicts: of the API. What would follow of that one, in words; "" where nobody has said
export function followsOf({ outcome, cause }, verdicts) {
  const found = verdicts.find((one) => one.outcome === outcome && one.cause === cause)?.consequence;
  if (!found) return "";
  const isSo = (value) => t(value ? "board.consequence.strike_yes" : "board.consequence.none");
  return t("board.overrule_follows", { quota: t(`quota.${found.quota}`), strike: isSo(found.strike), reschedule: isSo(found.reschedule) });
}
