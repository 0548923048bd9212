// What is said of a session in a few words, wherever it is shown.

import { currentLanguage, t } from "../text.js";
import { nameOf } from "../parts.js";
import { awayAs } from "../state.js";
import { outcomeWords } from "./words.js";

const GOOD = ["completed", "cancelled"];

export const seatIn = (row, role) => row.seats.find((seat) => seat.role === role);
export const seekerIn = (row) => seatIn(row, "seeker")?.display_name ?? "";

export const isBad = (row) => Boolean(row.verdict && !GOOD.includes(row.verdict.outcome)) || (row.outcome !== null && !GOOD.includes(row.outcome));
const isOpenReport = (row, isTechnical) => Boolean(row.incidents?.some((one) => !one.resolved_at && (one.kind === "technical") === isTechnical));
// What somebody is accused of, or may be; a report of something that did not work is none.
export const hasIncident = (row) => isOpenReport(row, false);

// The word of its phase; of what is over, how it ended.
export const wordOf = (row) => (row.phase === "ended" && row.outcome ? outcomeWords(row.outcome, row.cause) : t(`phase.${row.phase}`));

// What is unusual about it, as keys of words.
export function marksOf(row) {
  const isRunning = row.phase !== "ended";
  return [
    hasIncident(row) && "incident",
    isOpenReport(row, true) && "technical",
    row.tasks?.some((one) => one.kind !== "incident") && "task",
    isRunning && row.seats.some((seat) => seat.is_claimed) && "claim",
    isRunning && row.is_media_missing && "media_missing",
    isRunning && row.late && "late",
    isRunning && row.goodbye && "goodbye",
    isRunning && row.medium === "phone" && (row.call ? `call_${row.call}` : "phone"),
    row.maintenance_at && "maintenance",
    row.overrulings > 0 && "overruled",
  ].filter(Boolean);
}

// Outcome with its cause, unless it is said beside; before the end a verdict that is already fixed; who is away; then another date.
export function moreOf(row, { isOutcomeSaid = false } = {}) {
  const words = [];
  if (row.outcome && !isOutcomeSaid) words.push(outcomeWords(row.outcome, row.cause));
  if (!row.outcome && row.verdict) words.push(t("board.verdict", { outcome: outcomeWords(row.verdict.outcome, row.verdict.cause) }));
  const isStillAwaited = ["scheduled", "open", "waiting"].includes(row.phase);
  for (const seat of row.phase === "ended" ? [] : row.seats.filter(awayAs)) words.push(t("board.away", { name: nameOf(seat), where: awayWord(awayAs(seat)) }));
  for (const role of ["seeker", "supporter"]) if (isStillAwaited && row.notices[role]) words.push(t(`board.notice.${role}`));
  if (row.reschedule) words.push(t(`board.reschedule.${row.reschedule.state}`));
  return words.join(currentLanguage() === "ja" ? "・" : ", ");
}

// How somebody came to be away; who stepped out has one word wherever the board says it.
export const awayWord = (how) => t(how === "stepped_out" ? "here.stepped_out" : `presence.${how}`);

// Before the doors open and after the end nobody is expected: that they are away says nothing.
export const isPresenceShown = (row) => row.phase !== "ended" && (row.phase !== "scheduled" || row.seats.some((seat) => seat.presence !== "away"));

// Where somebody is, as a word's key and for the mark beside it.
export function hereOf(seat, phase) {
  const where = !seat ? "away" : ((phase === "ended" ? null : awayAs(seat)) ?? seat.presence);
  return { where, presence: seat && awayAs(seat) && phase !== "ended" ? "lost" : where };
}
