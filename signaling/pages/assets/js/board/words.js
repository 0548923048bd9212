// Words that several parts of the board share.

import { hasText, t } from "../text.js";

// A no-show names its side already.
export function outcomeWords(outcome, cause) {
  const word = t(`short.${outcome}`);
  const isNamed = !cause || outcome === "seeker_no_show" || outcome.startsWith("supporter_");
  return isNamed ? word : t("board.outcome", { outcome: word, cause: t(`cause.${cause}`) });
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
