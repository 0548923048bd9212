// The verdict of a session: the one sentence, how firm it is, what was seen and when, what follows; and the verdicts before it.

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, hasText, pick, t, tFirst } from "../text.js";
import { roleOf } from "./history.js";
import { overrule } from "./overruling.js";
import { nameOfPerson, outcomeWords } from "./words.js";

// Units of what a signal measured (docs/api.md, Verdict).
const SHARES = new Set(["line_bad"]);

export function verdictOf(session, app) {
  const { verdict } = session;
  if (!verdict) return [h("p", { class: "quiet" }, t(session.phase === "ended" ? "board.verdict_none" : "board.verdict_not_yet"))];
  const overrulings = session.overrulings ?? [];
  const isOver = session.phase === "ended";
  return [
    h("p", { class: "verdict__word", dataset: { testid: "verdict", outcome: verdict.outcome, cause: verdict.cause ?? "" } }, h("b", {}, outcomeWords(verdict.outcome, verdict.cause)), h("span", { class: "tag", dataset: { confidence: verdict.confidence } }, t(overrulings.length ? "confidence.overruled" : `confidence.${verdict.confidence}`))),
    !isOver && h("p", { class: "small quiet" }, t("board.verdict_open")),
    verdict.reason !== "overruled" && h("p", { class: "verdict", dataset: { testid: "sentence" } }, sentenceOf(verdict)), // who overruled it stands below
    overrulings.length > 0 && lastReason(session, app),
    whyEnded(session, app),
    isOver && consequenceOf(session),
    verdict.evidence?.length > 0 && evidenceOf(verdict.evidence, app),
    overrulings.map((one, at) => before(one, at, app)),
    isOver && app.isScheduler() && h("button", { type: "button", class: "btn btn--s", dataset: { testid: "overrule" }, onclick: () => overrule(session, app) }, t("board.do.overrule_open")),
  ];
}

function sentenceOf(verdict) {
  const own = `reason.${verdict.reason}`;
  return pick(verdict.sentence) || (hasText(own) ? t(own) : verdict.reason);
}

// Why a scheduler overruled: the note that was kept with it.
function lastReason(session, app) {
  const number = session.overrulings.length;
  const last = session.overrulings.at(-1);
  const reason = app.noteOf(session.id, `overruling-${number}`);
  return h("p", { class: "small", dataset: { testid: "overruled" } }, t("board.overruled_by", { by: nameOfPerson(last.by, app), time: app.write.stamp(ms(last.at)) }), reason && h("q", {}, reason));
}

// Why a scheduler ended it: the note that was kept with it.
function whyEnded(session, app) {
  const reason = app.noteOf(session.id, "ended");
  return reason && h("p", { class: "small", dataset: { testid: "why-ended" } }, `${t("board.ended_why")} `, h("q", {}, reason));
}

// «used», «restored», a strike, another date: in words, as in the mock-up's one line. A supporter is told nothing of the seeker's standing.
function consequenceOf(session) {
  const follows = session.consequence ?? { quota: session.quota, strike: false, reschedule: session.reschedule !== null };
  const one = (key, word) => h("span", { dataset: { consequence: key } }, t(`board.consequence.${key}`), " ", h("b", {}, word));
  return h(
    "p",
    { class: "cons", dataset: { testid: "consequence" } },
    follows.quota !== null && one("quota", t(`quota.${follows.quota}`)),
    one("reschedule", session.reschedule ? t(`reschedule_state.${session.reschedule.state}`) : t("board.consequence.none")),
    follows.quota !== null && one("strike", t(follows.strike ? "board.consequence.strike_yes" : "board.consequence.none")),
  );
}

// Where nothing had to be seen, the sentence is the reason: "no evidence" below it would seem to take it back.
function evidenceOf(evidence, app) {
  return [
    h("h4", {}, t("board.evidence")),
    h(
      "ol",
      { class: "ev ev--seen", dataset: { testid: "evidence" } },
      evidence.map((seen) => h("li", { dataset: { signal: seen.signal } }, h("time", { class: "num", datetime: seen.at }, app.write.exact(ms(seen.at))), h("span", {}, wordsOf(seen)))),
    ),
  ];
}

function wordsOf({ signal, seat, value }) {
  const who = t(seat ? `who.${roleOf(seat)}` : "who.server");
  const what = tFirst([`signal.${signal}`, "signal.unknown"]);
  const much = value === null || value === undefined ? "" : amountOf(signal, value);
  return t(much ? "board.seen_much" : "board.seen", { who, what, much });
}

function amountOf(signal, value) {
  const key = `amount.${signal}`;
  if (!hasText(key)) return "";
  return t(key, { value: SHARES.has(signal) ? Math.round(value * 100) : Math.round(value * 10) / 10 });
}

function before(one, at, app) {
  const words = t(at === 0 ? "board.first_verdict" : "board.earlier_verdict", { outcome: outcomeWords(one.before.outcome, one.before.cause), confidence: t(`confidence.${one.before.confidence}`) });
  const key = currentLanguage() === "ja" ? one.before.sentence?.ja : one.before.sentence?.en;
  return h("p", { class: "small first", dataset: { testid: at === 0 ? "first-verdict" : "earlier-verdict" } }, icon("clock", "i--s"), h("span", {}, h("b", {}, words), " ", key ?? sentenceOf(one.before)));
}
