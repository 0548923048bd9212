// Words that several parts of the board share.

import { hasText, t, tFirst } from "../text.js";

// A no-show names its side already.
export function outcomeWords(outcome, cause) {
  const word = t(`short.${outcome}`);
  const isNamed = !cause || outcome === "seeker_no_show" || outcome.startsWith("supporter_");
  return isNamed ? word : t("board.outcome", { outcome: word, cause: tFirst([`because.${outcome}.${cause}`, `because.${cause}`]) });
}

// The same for where there is room for a word or two: the outcome, and who or what it came from.
export function outcomeParts(outcome, cause) {
  const isSplit = hasText(`block.${outcome}`);
  const by = isSplit ? "supporter" : outcome === "seeker_no_show" ? null : cause;
  return [t(isSplit ? `block.${outcome}` : `short.${outcome}`), by ? t(`cause.${by}`) : null];
}

// Who did it: a seat, somebody of the office whose name is known, or the office.
export function nameOfPerson(by, app) {
  if (hasText(`who.${by}`)) return t(`who.${by}`);
  if (by.startsWith("companion-")) return t("who.companion");
  if (by === "observer") return t("who.scheduler");
  return app.names.get(by) ?? t("who.scheduler");
}

// Which causes an outcome can have (docs/session.md, Outcomes); none where it names its side itself.
export const CAUSES = {
  completed: [],
  seeker_no_show: ["seeker"],
  supporter_no_show: ["supporter"],
  supporter_late: ["supporter"],
  not_held: ["seeker", "supporter", "platform", "unknown"],
  interrupted: ["seeker", "supporter", "platform", "unknown", "office"],
  stopped: ["seeker", "supporter"],
  cancelled: ["seeker", "supporter", "office", "maintenance"],
};

// `booking_stands-2` and `incident-1` are of the kinds without their number.
export function kindOfTask(id) {
  return id.replace(/-\d+$/, "");
}

// A report of something that did not work accuses nobody: it has a word of its own, and no colour of alarm.
export const taskWord = ({ kind, incident = null }) => (incident === "technical" ? "task.technical" : `task.${kind}`);

// A report's last line may be what the page measured (docs/protocol.md, report_problem): told in words, apart from what somebody wrote.
const FIGURES = /(?:^|\n)\[((?:rtt|missing|frozen|in) \d+ (?:ms|%|s)(?:, (?:rtt|missing|frozen|in) \d+ (?:ms|%|s))*)\]$/;

export function figuresOf(note) {
  const found = FIGURES.exec(note);
  if (!found) return { said: note, figures: "" };
  const parts = found[1].split(", ").map((part) => part.split(" "));
  const told = parts.filter(([name]) => name !== "in").map(([name, value]) => t(`board.figure.${name}`, { value }));
  const span = parts.find(([name]) => name === "in");
  return { said: note.slice(0, found.index), figures: t("board.figures", { figures: told.length ? told.join(t("list.and")) : t("board.figure.none"), s: span?.[1] ?? "" }) };
}
