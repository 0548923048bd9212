// Camera, microphone, sound, line: each in words, and never a dead end.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { hasText, t } from "../text.js";
import { can, isObserver, isOnPhone, isSupporter } from "../state.js";
import { createNotices, createUntil, head, sign, strip, telephone } from "../parts.js";
import { createLevel, createSelf } from "./self.js";

export function create(app) {
  const { s, write, devices } = app;
  const until = createUntil();
  const notices = createNotices(app);
  const self = createSelf(app);
  const level = createLevel(app);
  const title = h("h1", { tabindex: "-1" });
  const microphone = createItem("microphone");
  const camera = createItem("camera");
  const line = createItem("line");
  const join = sign("", { testid: "join", onclick: () => app.do.join() });
  const hint = h("p", { class: "small quiet" });
  const sound = h("button", { type: "button", class: "linklike", onclick: () => app.do.chime() }, t("check.sound_play"));
  const again = h("button", { type: "button", class: "btn btn--between", onclick: () => app.do.openDevices() }, t("check.again"), icon("arrow"));

  const lead = h("p", { class: "small quiet" });
  const speaker = h("div", { class: "check" }, icon("sound", "mk mk--plain"), h("h2", {}, t("check.sound")), h("span", { class: "res" }), h("p", {}, sound));
  const list = h("section", { class: "sec" }, h("div", { class: "sheet" }, microphone.el, camera.el, speaker, line.el));
  const preview = h("section", { class: "preview" }, self.el, h("div", {}, h("p", {}, h("b", {}, t("lobby.you", { name: s.you.display_name }))), h("p", { class: "small quiet" }, t("lobby.unseen")), level.el));

  const el = h(
    "div",
    { class: "phone" },
    head(app),
    strip(until),
    h(
      "main",
      {},
      h("section", { class: "pad pad--top" }, !isOnPhone(s) && h("p", { class: "step" }, t("check.step")), title, lead),
      notices.el,
      preview,
      list,
    ),
    h("footer", { class: "actbar" }, again, join, hint, telephone(app)),
  );

  return {
    el,
    focus: title,
    update() {
      until.update(s, write);
      notices.update(s);
      self.update();
      level.update();
      setText(lead, t(leadOf(s), { start: write.moment(Date.parse(s.session.starts_at)) }));
      for (const part of [preview, list]) show(part, !isOnPhone(s) && !isObserver(s));
      const { state, isOpening } = devices;
      microphone.update(isOpening ? "opening" : state.microphone);
      camera.update(isOpening ? "opening" : state.camera, state.microphone !== "denied");
      line.update(s.isOnline ? "ok" : "mending");
      show(again, !isOnPhone(s) && !isObserver(s) && !isOpening && (isBad(state.microphone) || isBad(state.camera)));
      setText(title, t(isOnPhone(s) ? "check.title_phone" : isObserver(s) ? "check.title_observer" : titleOf(devices)));
      const mayJoin = can(s, "join") && !isOpening && !s.isJoining;
      setAttr(join, "disabled", !mayJoin);
      setText(join.label, t(joinWords(devices, s)));
      setText(hint, s.session.phase === "scheduled" ? t("check.doors_hint", { time: write.moment(Date.parse(s.session.opens_at)) }) : "");
    },
  };
}

const isBad = (state) => !["ok", "not_used", "unknown", "opening"].includes(state);

function titleOf({ state, isOpening }) {
  if (isOpening) return "check.title_opening";
  if (isBad(state.microphone) && isBad(state.camera)) return "check.title_both";
  if (isBad(state.microphone)) return "check.title_microphone";
  return isBad(state.camera) ? "check.title_camera" : "check.title_ok";
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
  if (isBad(state.microphone) && isBad(state.camera)) return "check.join_listening";
  if (isBad(state.microphone)) return "check.join_silent";
  return isBad(state.camera) ? "check.join_unseen" : "check.join";
}

// One line of the check: a mark, a word, and where it is bad what to do.
function createItem(name) {
  const mark = h("span", { class: "check__mark" });
  const result = h("span", { class: "res" });
  const more = h("p");
  const how = h("ol", { class: "how", hidden: true });
  const el = h("div", { class: "check", dataset: { testid: `check-${name}` } }, mark, h("h2", {}, t(`check.${name}`)), result, more, how);
  return {
    el,
    // hasHow: whether the steps are shown here; once on the page is enough
    update(state, hasHow = true) {
      const key = `${state}|${hasHow}`;
      if (el.dataset.key === key) return;
      Object.assign(el.dataset, { key, state });
      const isWrong = isBad(state) && state !== "mending";
      el.classList.toggle("check--bad", isWrong);
      mark.replaceChildren(icon(isWrong ? "cross" : state === "ok" ? "tick" : "clock", "mk"));
      setText(result, t(`check.state.${state}`));
      const advice = `check.${name}.${state}`;
      setText(more, hasText(advice) ? t(advice) : "");
      const steps = hasHow && state === "denied" ? [1, 2, 3].map((n) => t(`check.how.${n}`)) : [];
      how.replaceChildren(...steps.map((step) => h("li", {}, step)));
      show(how, steps.length > 0);
    },
  };
}
