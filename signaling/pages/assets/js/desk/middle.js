// The session that the desk is about, large: who, in how long, the way in, the waiting room, what happens if nobody comes.

import { h, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { asRefusal } from "../board/api.js";
import { outcomeWords } from "../board/words.js";
import { createUntil } from "../parts.js";
import { t } from "../text.js";
import { isOver, isRunning, seekerOf, stepOf, wayIn } from "./day.js";
import { openRoom } from "./enter.js";
import { createNoted, unread } from "./noted.js";
import { createWaiting } from "./waiting.js";

export function createMiddle(app) {
  const step = h("p", { class: "step" });
  const name = h("h1", { tabindex: "-1" });
  const until = createUntil({ size: "l", names: true, gap: 0.09 });
  const outcome = h("p", { class: "desk__outcome", dataset: { testid: "outcome" } });
  const enterWords = h("span");
  const enter = h("button", { type: "button", class: "btn btn--go btn--enter", dataset: { testid: "enter" }, onclick: () => openRoom(shown.id, app) }, enterWords, icon("arrow"));
  const elsewhere = h("p", { class: "small desk__ring", role: "status", dataset: { testid: "elsewhere" } });
  const ring = h("p", { class: "small desk__ring", dataset: { testid: "ring" } });
  const record = h("button", { type: "button", class: "btn", dataset: { testid: "record" }, onclick: () => app.open(shown.id) }, t("today.record"));
  const due = h("p", { class: "note desk__due", role: "status", hidden: true, dataset: { testid: "due" } });
  const waiting = createWaiting(app);
  const noted = createNoted(read);
  const ruleHead = h("h2");
  const ruleWords = h("p");
  const rule = h("section", { class: "desk__rule", dataset: { testid: "desk-rule" } }, ruleHead, ruleWords);
  const none = h("h1", { class: "desk__none", hidden: true }, t("today.none"));
  const body = h("div", { class: "desk__body" }, step, h("div", { class: "hd" }, name, until.el[0]), outcome, until.el[1], h("div", { class: "desk__go" }, enter, record, elsewhere, ring), due, h("div", { class: "two" }, waiting.el, noted.el), rule);
  let shown = null;
  let held = null; // of one session: what was read stands here, and nowhere else

  async function read() {
    const state = held;
    state.isAsking = true;
    state.refusal = null;
    try {
      state.noted = await app.api.get(`/sessions/${encodeURIComponent(state.session)}/seeker`);
    } catch (error) {
      state.refusal = asRefusal(error);
    } finally {
      state.isAsking = false;
    }
    app.draw();
  }

  return {
    el: h("main", { class: "main", tabindex: "-1" }, none, body),
    focus: () => name.focus({ preventScroll: true }),
    update(row, lead, now) {
      shown = row;
      show(body, row !== null);
      show(none, row === null && app.state.isOnline);
      if (row === null) return;
      if (held?.session !== row.id) held = unread(row.id);
      setText(step, t(`today.step.${stepOf(row, lead)}`));
      setText(name, t("name.seeker", { name: seekerOf(row)?.display_name ?? "" }));
      until.update({ session: row, now, isOnline: app.state.isOnline, you: { role: "supporter" } }, app.write);
      show(until.el[0], !isOver(row));
      show(outcome, isOver(row));
      if (isOver(row)) setText(outcome, t("today.ended", { time: app.write.time(ms(row.ended_at)), outcome: row.outcome ? outcomeWords(row.outcome, row.cause) : t("phase.ended") }));
      show(enter, !isOver(row));
      const way = wayIn(row);
      setText(enterWords, t(way.words));
      enter.classList.toggle("btn--go", way.elsewhere === null);
      setText(elsewhere, way.elsewhere === null ? "" : t(way.elsewhere));
      const words = ringWords(row, now, app.write);
      setText(ring, words);
      const word = dueOf(row);
      show(due, word !== null);
      if (word !== null) setText(due, t(word));
      waiting.update(row, now);
      noted.update(held);
      drawRule(row, now);
    },
  };

  // What the absence of the seeker will mean; or that they have sent word, and then it means nothing yet.
  function drawRule(row, now) {
    const seeker = seekerOf(row);
    const word = row.notices.seeker;
    const cutoff = ms(row.cutoff_at);
    const isAwaited = seeker.presence === "away" && !isOver(row) && !isRunning(row);
    const hasWord = isAwaited && word !== null;
    const isThreatened = isAwaited && !hasWord && cutoff !== null && cutoff > now;
    show(rule, hasWord || isThreatened);
    setText(ruleHead, t(hasWord ? "desk.notice" : "desk.no_show"));
    const values = { name: seeker.display_name, start: app.write.moment(ms(row.starts_at)), cutoff: cutoff === null ? "" : app.write.moment(cutoff) };
    if (hasWord) setText(ruleWords, t("desk.notice_words", { ...values, at: app.write.moment(ms(word.at)), until: app.write.moment(ms(word.until)) }));
    else if (isThreatened) setText(ruleWords, [t("desk.no_show_words", values), row.ringing_needed_s > 0 && t("today.rung_first", { seconds: row.ringing_needed_s }), t("today.by_telephone")].filter(Boolean).join("\n"));
  }
}

// What is left to the supporter, and done among the record and steps.
function dueOf(row) {
  if (row.goodbye) return "today.due.goodbye";
  if (row.medium === "phone" && ["waiting", "live", "interrupted"].includes(row.phase)) return "today.due.phone";
  return row.phase === "ended" && row.reschedule?.state === "open" ? "today.due.reschedule" : null;
}

// Who rings, and from when: the server does, while the supporter is there and the seeker is not.
function ringWords(row, now, write) {
  const seeker = seekerOf(row);
  if (isOver(row) || isRunning(row) || seeker.presence !== "away" || row.medium === "phone") return "";
  if (row.ringing === seeker.seat) return t("today.rings");
  if (now < ms(row.starts_at)) return t("today.rings_from", { time: write.moment(ms(row.starts_at)) });
  const isHere = row.seats.some((seat) => seat.role === "supporter" && seat.presence !== "away");
  return t(isHere ? "today.rings_soon" : "today.rings_when_here");
}
