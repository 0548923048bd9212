// Questions that need an answer lie over the page's lower edge, one at a time.

import { h, setAttr, setText } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, sentences, t } from "../text.js";
import { byRole, can, endsAt, isOnPhone, isSeeker, seatOf, viewOf } from "../state.js";
import { sign } from "../parts.js";
import { createSlots } from "./slots.js";
import { declineSheet } from "./sheets/decline.js";
import { finishSheet } from "./sheets/finish.js";
import { beginSheet, lateSheet } from "./sheets/late.js";
import { menuSheet } from "./sheets/menu.js";
import { nextSheet } from "./sheets/next.js";
import { noticeSheet } from "./sheets/notice.js";
import { secrecySheet } from "./secrecy.js";
import { backTo, title } from "./sheets/sheet.js";
import { problemSheet, stopSheet } from "./sheets/stop.js";

const BUILD = {
  claim: claimSheet,
  decline: declineSheet,
  end_early: endEarlySheet,
  begin_or_reschedule: beginSheet,
  wait_or_reschedule: waitSheet,
  finish: finishSheet,
  end: endSheet,
  devices: devicesSheet,
  menu: menuSheet,
  late: lateSheet,
  next: nextSheet,
  notice: noticeSheet,
  problem: problemSheet,
  secrecy: secrecySheet,
  stop: stopSheet,
};
// What was opened here may be closed here; what somebody else asks wants an answer.
const isDismissible = (s) => s.sheet !== null && kindOf(s) === s.sheet && !can(s, "wait");

export function createSheets(app) {
  const { s } = app;
  const dialog = h("dialog", { class: "bsheet" });
  let open = { key: null, update: null };

  dialog.addEventListener("cancel", (event) => {
    if (isDismissible(s)) app.do.closeSheet();
    else event.preventDefault();
  });

  return {
    el: dialog,
    update() {
      const kind = kindOf(s);
      const key = kind && `${kind}|${currentLanguage()}|${s.session.claim?.asked_at ?? ""}`;
      if (key !== open.key) {
        open = { key, update: null };
        if (dialog.open) dialog.close();
        dialog.replaceChildren();
        if (!kind) return;
        const sheet = BUILD[kind](app);
        dialog.replaceChildren(...sheet.parts.filter(Boolean));
        dialog.setAttribute("aria-label", dialog.querySelector("h2").textContent);
        dialog.dataset.kind = kind;
        dialog.showModal();
        open.update = sheet.update ?? null;
      }
      if (kind) dialog.classList.toggle("on-dark", viewOf(s) === "call"); // what lies over the call is as dark as the call
      open.update?.();
    },
  };
}

function kindOf(s) {
  if (!s.session || s.refusal) return null;
  if (s.session.phase === "ended") return AFTERWARDS[s.sheet]?.(s) ? s.sheet : null;
  if (s.steppedOutAt !== null || s.isTimeUp) return null;
  if (s.sheet === "stop" && can(s, "stop")) return "stop"; // who is about to stop is not interrupted by a question
  if (s.session.claim && can(s, "answer_claim")) return "claim";
  const question = isSeeker(s) && s.isOnline ? s.session.question?.kind : null;
  if (question === "begin_or_reschedule" && ["door", "check"].includes(viewOf(s)) && !s.isLookingBack) return null; // nothing lies over what has to be agreed to first
  if (question === "end_early" || question === "begin_or_reschedule" || (question && can(s, "wait"))) return question;
  if (can(s, "answer_finish")) return "finish";
  return IS_STILL[s.sheet]?.(s) === false ? null : s.sheet;
}

// What may still be asked once it is over.
const AFTERWARDS = {
  problem: (s) => can(s, "report_problem"),
  decline: (s) => can(s, "decline_reschedule") && s.session.reschedule?.state === "open",
};

// A sheet that has lost its object closes by itself.
const IS_STILL = {
  wait_or_reschedule: (s) => isSeeker(s) && s.isOnline && Boolean(s.session.question),
  late: (s) => can(s, "another_date"),
  notice: (s) => can(s, "give_notice"),
  stop: (s) => can(s, "stop"),
};

function claimSheet(app) {
  const { claim } = app.s.session;
  const isMine = claim.seat === app.s.you.seat;
  const name = seatOf(app.s, claim.seat)?.display_name ?? "";
  const answer = (agrees) => () => app.do.answerClaim(claim.seat, agrees);
  return {
    parts: [
      title(t(isMine ? "claim.title" : "claim.title_staff", { name })),
      h("p", { class: "small" }, t(isMine ? "claim.words" : "claim.words_staff", { name })),
      sign(t(isMine ? "claim.yes" : "claim.yes_staff"), { kind: "", testid: "claim-yes", onclick: answer(true) }),
      sign(t(isMine ? "claim.no" : "claim.no_staff"), { testid: "claim-no", onclick: answer(false), shape: "cross" }),
    ],
  };
}

// The supporter asks; only a yes ends it (IX 6-5).
function endEarlySheet(app) {
  const { s, write } = app;
  const name = byRole(s, "supporter").display_name;
  const then = h("small", { class: "sign__more" });
  const yes = sign(t("end_early.yes"), { testid: "confirm-end", kind: "btn--stop", onclick: () => app.do.answerEnd(true), shape: "end" });
  yes.label.append(then);
  return {
    parts: [
      title(t("end_early.title", { name })),
      h("p", { class: "small" }, t("end_early.words", { time: write.moment(endsAt(s.session)) })),
      sign(t("end_early.no"), { testid: "refuse-end", onclick: () => app.do.answerEnd(false), shape: "back" }),
      yes,
    ],
    update: () => setText(then, thenWords(s)),
  };
}

// What it counts as if it is ended now; that changes with the first picture.
function thenWords({ session }) {
  const then = session.if_finished;
  if (!then) return "";
  return sentences(t(then.is_quota_restored ? "then.restored" : "then.used"), then.is_another_date_due && t("then.another_date"));
}

// The supporter or the equipment is lost past the grace, or late: wait, or another date (IX 6-7).
function waitSheet(app) {
  const { s } = app;
  const slots = createSlots(app);
  const isTalking = s.session.phase === "interrupted";
  return {
    parts: [
      title(t(isTalking ? "wait.title_lost" : "wait.title_late")),
      h("p", { class: "small" }, t("wait.words", { time: app.write.moment(endsAt(s.session)) })),
      sign(t(isTalking ? "wait.wait" : "wait.begin"), { testid: "wait", onclick: () => app.do.wait(), shape: "clock" }),
      h("h3", {}, t("wait.other")),
      slots.el,
      slots.book,
      sign(t("wait.another_date"), { testid: "another-date", kind: "", onclick: () => app.do.anotherDate() }),
      h("p", { class: "small quiet" }, t("wait.quota")),
    ],
    update: () => slots.update(s.session.reschedule?.options ?? []),
  };
}

// The two ways out, never one: for a moment, or for good.
function endSheet(app) {
  const { s } = app;
  const { phase, seats } = s.session;
  const isTalking = ["live", "interrupted"].includes(phase);
  const isByPhone = isOnPhone(s); // the call itself is on another line: there is no seat to step out of
  // Whether it is late by now is the server's to say; that it counts as no cancelling then is true in either case.
  const isKeptWaiting = phase === "waiting" && seats.some((seat) => seat.role === "supporter" && seat.presence === "away");
  const cancelling = isKeptWaiting ? "end.cancel_late" : "end.cancel_more";
  const then = h("small", { class: "sign__more" });
  const yes = sign(t(isTalking ? "end.finished" : "end.cancel"), { testid: "confirm-end", kind: "btn--stop", shape: "end", onclick: () => app.do.end(true) });
  yes.label.append(then);
  const head = isByPhone ? (isTalking ? "end.title" : "end.title_cancel") : "leave.title";
  return {
    parts: [
      title(t(head)),
      !isByPhone && sign(t("end.step_out"), { testid: "step-out", kind: "", small: outWords(app, isTalking), shape: "door", onclick: () => app.do.stepOut() }),
      yes,
      !isTalking && h("p", { class: "small" }, t("end.cancel_again")),
      isTalking && sign(t("end.broken"), { testid: "end-broken", kind: "", small: t("end.broken_more"), onclick: () => app.do.end(false) }),
      backTo(app, isTalking ? "end.back" : "end.back_lobby"),
    ],
    update() {
      setAttr(yes, "disabled", !can(s, "end"));
      setText(then, isTalking ? sentences(thenWords(s), t("end.finished_more")) : t(cancelling));
    },
  };
}

function outWords({ s, write }, isTalking) {
  if (!isTalking) return t(s.now < ms(s.session.starts_at) ? "end.step_out_before" : "end.step_out_soon");
  if (s.session.kept_until) return t("cover.office_keeps", { time: write.moment(ms(s.session.kept_until)) });
  const seconds = s.programme.grace_s;
  const time = seconds >= 120 && seconds % 60 === 0 ? t("span.minutes", { n: seconds / 60 }) : t("span.seconds", { n: seconds });
  return t("end.step_out_more", { time });
}

function devicesSheet(app) {
  const rows = h("div", { class: "choices" }, h("p", { class: "small" }, t("devices.looking")));
  let speakers = [];
  const choice = (kind, device, isUsed, choose) => {
    const input = h("input", { type: "radio", name: kind, value: device.deviceId, checked: isUsed, onchange: () => choose(device.deviceId) });
    return h("label", { class: "tick" }, input, h("span", {}, device.label || t("devices.unnamed")));
  };
  const sent = (kind, device) => choice(kind, device, app.devices.track(kind)?.getSettings().deviceId === device.deviceId, (id) => app.do.choose(kind, id));
  // Where the chosen one is gone, or refused by the browser, the system's is heard.
  const isHeard = (id) => id === (speakers.some((one) => one.deviceId === app.devices.speaker) ? app.devices.speaker : "default");
  const fill = async () => {
    const parts = [];
    for (const kind of ["audio", "video"]) {
      const found = await app.devices.list(kind);
      parts.push(h("h3", {}, t(`devices.${kind}`)), ...found.map((device) => sent(kind, device)));
      if (!found.length) parts.push(h("p", { class: "small quiet" }, t("devices.none")));
    }
    speakers = await app.devices.speakers();
    if (speakers.length) parts.push(h("h3", {}, t("devices.speaker")), ...speakers.map((device) => choice("speaker", device, isHeard(device.deviceId), (id) => app.devices.chooseSpeaker(id))));
    rows.replaceChildren(...parts);
  };
  fill();
  let plugged = app.devices.changes;
  const update = () => {
    for (const input of rows.querySelectorAll("[name='speaker']")) input.checked = isHeard(input.value);
    if (plugged === app.devices.changes) return;
    plugged = app.devices.changes;
    fill();
  };
  return { update, parts: [title(t("self.choose")), rows, h("button", { type: "button", class: "btn", onclick: () => app.do.closeSheet() }, icon("tick"), t("devices.done"))] };
}
