// Outcome and cause anew, with a reason. Nothing is chosen beforehand: what one forgets to choose would be blamed on somebody.
// What it changes for the visitor stands over the button before it is pressed.

import { sentences, t } from "../text.js";
import { CAUSES, outcomeWords } from "./words.js";

const ORDER = ["seeker", "supporter", "platform", "unknown", "office", "maintenance"];

// The number of overrulings that were seen goes along, so that two at once are noticed.
export async function overrule(session, app) {
  const at = `/sessions/${encodeURIComponent(session.id)}`;
  const { verdicts } = await app.api.get(`${at}/verdicts`).catch(() => ({ verdicts: [] })); // without it one chooses all the same
  if (!app.mayAsk(session.id)) return;
  const nothing = { value: "", word: t("board.booking.choose") };
  const outcomes = Object.keys(CAUSES).map((outcome) => ({ value: outcome, word: t(`short.${outcome}`) }));
  const causes = ORDER.map((cause) => ({ value: cause, word: t(`cause.${cause}.long`) }));
  const isWithCause = ({ outcome }) => outcome !== null && CAUSES[outcome].length > 0;
  app.forms.ask({
    kind: "overrule",
    title: t("board.action.overrule"),
    lead: [t("board.overrule_now", { outcome: outcomeWords(session.outcome, session.cause) }), t("board.overrule_lead")],
    fields: [
      { name: "outcome", kind: "select", label: t("board.field.outcome"), options: [nothing, ...outcomes], value: "", isNeeded: true },
      { name: "cause", kind: "select", label: t("board.field.cause"), options: [nothing, ...causes], value: "", isNeeded: true, isFor: isWithCause, limit: causesFor },
      { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true },
    ],
    foot: (values) => changesOf(values, verdicts, session),
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

const isSo = (value) => t(value ? "board.consequence.strike_yes" : "board.consequence.none");
const WORDS = { quota: (value) => t(`quota.${value}`), strike: isSo, reschedule: isSo };

// verdicts: of the API, with what would follow of each. What would be otherwise than now, in words; "" where nobody has said
export function changesOf({ outcome, cause }, verdicts, { consequence: now, reschedule }) {
  const then = verdicts.find((one) => one.outcome === outcome && one.cause === cause)?.consequence;
  if (!then || !now) return "";
  const changed = Object.keys(WORDS).filter((key) => now[key] !== then[key]);
  if (!changed.length) return t("board.overrule_same");
  const words = changed.map((key) => t("board.overrule_change", { what: t(`board.consequence.${key}`), before: WORDS[key](now[key]), after: WORDS[key](then[key]) }));
  const isLeft = now.reschedule && !then.reschedule && reschedule?.state === "chosen"; // a scheduler is asked about it afterwards
  return sentences(t("board.overrule_changes", { changes: words.join(t("list.and")) }), isLeft && t("board.overrule_booked"));
}
