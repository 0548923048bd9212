// Camera, microphone, sound, line, browser: each in words, and never a dead end.

import { h, setAttr, setText, show } from "../dom.js";
import { ms } from "../clock.js";
import { t, sentences } from "../text.js";
import { can, hasJoined, isObserver, isOnPhone, isSupporter, offers } from "../state.js";
import { createNotices, createUntil, head, sign, strip, telephone } from "../parts.js";
import { createBrowser, createCamera, createLine, createMicrophone, createSpeaker, isBad } from "./checks.js";

export function create(app) {
  const { s, write, devices, probe } = app;
  const until = createUntil();
  const notices = createNotices(app);
  const title = h("h1", { tabindex: "-1" });
  const lead = h("p", { class: "small quiet" });
  const [microphone, camera, speaker, line, browser] = [createMicrophone, createCamera, createSpeaker, createLine, createBrowser].map((make) => make(app));
  const join = sign("", { testid: "join", onclick: () => (hasJoined(s) ? app.do.returnToLobby() : app.do.join({ isChecked: isGood(app, speaker.state) })) });
  const hint = h("p", { class: "small quiet" });
  const list = h("section", { class: "sec" }, h("div", { class: "sheet checks" }, microphone.el, camera.el, speaker.el, line.el, browser.el));

  const el = h(
    "div",
    { class: "phone" },
    head(app),
    strip(until),
    h("main", {}, h("section", { class: "pad pad--top" }, !isOnPhone(s) && h("p", { class: "step" }, t("check.step")), title, lead), notices.el, list),
    h("footer", { class: "actbar" }, join, hint, telephone(app)),
  );

  return {
    el,
    focus: title,
    rest: () => probe.stop(),
    update() {
      until.update(s, write);
      notices.update(s);
      const isMeasured = !isOnPhone(s) && !isObserver(s);
      const hasPicture = offers(s, "video");
      const { state, isOpening } = devices;
      // One thing after the other: the browser's question about the devices is answered first.
      if (isMeasured && s.isOnline && !isOpening) probe.want(hasPicture);
      const found = { microphone: isOpening ? "opening" : state.microphone, camera: isOpening ? "opening" : state.camera };
      microphone.update(found.microphone);
      camera.update(found.camera, found.microphone);
      speaker.update();
      line.update(s.isOnline, hasPicture);
      show(list, isMeasured);
      setText(title, t(titleOf(app, speaker.state)));
      const opensAt = s.session.phase === "scheduled" ? ms(s.session.opens_at) : null;
      const isOfAnotherDay = opensAt !== null && write.day(opensAt) !== write.day(s.now);
      setText(lead, sentences(isMeasured && isRestReady(app, speaker.state) && t("check.lead_rest"), t(isOfAnotherDay && isMeasured ? "check.lead_early" : leadOf(s), { start: write.moment(ms(s.session.starts_at)) })));
      setAttr(join, "disabled", !hasJoined(s) && !(can(s, "join") && !isOpening && !s.isJoining));
      setText(join.label, t(joinWords(devices, s)));
      setText(hint, opensAt === null ? "" : t(isOfAnotherDay ? "check.doors_hint_day" : "check.doors_hint", { day: write.day(opensAt), time: write.moment(opensAt) }));
    },
  };
}

// One of the two does not work, and all else is known to: the line was measured, and the sound was heard.
export function isRestReady({ s, devices: { state, isOpening }, probe, browser }, sound) {
  if (isOpening || isBad(state.microphone) === isBad(state.camera) || isBad(browser.support)) return false;
  return s.isOnline && probe.state === "done" && ["good", "coarse"].includes(probe.result?.word) && sound === "heard";
}

export function titleOf({ s, devices: { state, isOpening }, probe }, sound) {
  if (isOnPhone(s)) return "check.title_phone";
  if (isObserver(s)) return "check.title_observer";
  if (isOpening) return "check.title_opening";
  if (isBad(state.microphone) && isBad(state.camera)) return "check.title_both";
  if (isBad(state.microphone)) return "check.title_microphone";
  if (isBad(state.camera)) return "check.title_camera";
  if (probe.result?.word === "none") return "check.title_line";
  if (sound === "unheard") return "check.title_sound";
  if (s.isOnline && probe.state === "done") return sound === "heard" ? "check.title_ok" : "check.title_listen";
  return offers(s, "video") ? "check.title_devices" : "check.title_voice"; // the line is still to be measured
}

const READY = new Set(["check.title_ok", "check.title_listen"]);

// Both devices, the line and the browser are found good; a sound that nobody has tried is no fault, one that was missed is.
export function isGood(app, sound) {
  const { devices, probe, browser } = app;
  return READY.has(titleOf(app, sound)) && devices.state.microphone === "ok" && ["good", "coarse"].includes(probe.result?.word) && !isBad(browser.support);
}

function leadOf(s) {
  if (isObserver(s)) return "check.lead_observer";
  if (isOnPhone(s)) return isSupporter(s) ? "check.lead_phone_supporter" : "check.lead_phone";
  return isSupporter(s) ? "check.lead_supporter" : "check.lead";
}

function joinWords({ state }, s) {
  if (isObserver(s)) return "check.join_observer";
  if (isSupporter(s)) return "check.join_supporter";
  if (isOnPhone(s)) return "check.join_phone";
  if (hasJoined(s)) return "end.back_lobby";
  if (isBad(state.microphone) && isBad(state.camera)) return "check.join_listening";
  if (isBad(state.microphone)) return "check.join_silent";
  return isBad(state.camera) ? "check.join_unseen" : "check.join";
}
