// The lines of the check: a mark, a word, and what to do in this very browser.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { currentLanguage, hasText, sentences, t, tFirst } from "../text.js";
import { stepsFor, wordsOfLine } from "../advice.js";
import { ASKED_BPS, FULL } from "../line.js";
import { createLevel, createSelf } from "./self.js";

const BAD = new Set(["denied", "denied_os", "dismissed", "policy", "missing", "busy", "insecure", "unsupported", "none", "unable", "unheard"]);
const GOOD = new Set(["ok", "good", "coarse", "heard"]);
export const isBad = (state) => BAD.has(state);

// extra: what stands below the words; it stays when the words change
function createItem(name, ...extra) {
  const mark = h("span", { class: "check__mark" });
  const result = h("span", { class: "res", role: name === "line" ? "status" : null });
  const more = h("p");
  const how = h("ol", { class: "how", hidden: true });
  const el = h("div", { class: "check", dataset: { testid: `check-${name}` } }, mark, h("h2", {}, t(`check.${name}`)), result, more, how, ...extra);
  return {
    el,
    update(state, words = "", steps = []) {
      setText(more, words);
      keyed(how, steps.join("|"), () => steps.map((step) => h("li", {}, step)));
      show(how, steps.length > 0);
      if (el.dataset.state === state) return;
      el.dataset.state = state;
      el.classList.toggle("check--bad", isBad(state));
      mark.replaceChildren(icon(isBad(state) ? "cross" : GOOD.has(state) ? "tick" : "clock", "mk"));
      setText(result, tFirst([`check.${name}.result.${state}`, `check.state.${state}`]));
    },
  };
}

// Which of several: a word to press once there is a choice. kind: audio, video, speaker; list(): promise of devices; used(): id of the one in use
function createChoice(app, kind, { choose, list, used }) {
  const select = h("select", { class: "choice__select", "aria-label": t(`devices.${kind}`), hidden: true, onchange: () => choose(select.value) });
  const word = h("button", { type: "button", class: "linklike", hidden: true, "aria-expanded": "false", onclick: unfold }, t(`check.change.${kind}`));
  let known = null;

  function unfold() {
    show(select, select.hidden);
    setAttr(word, "aria-expanded", String(!select.hidden));
  }

  return {
    word,
    select,
    // Names are told only once a device was allowed: look anew whenever the one in use changes.
    update(isShown = true) {
      if (!isShown) return void [word, select].forEach((each) => show(each, false));
      const key = `${app.devices.changes}|${used()}`;
      if (key === known) return;
      known = key;
      list().then((found) => {
        const options = found.map((one) => h("option", { value: one.deviceId }, one.label || t("devices.unnamed")));
        select.replaceChildren(...options);
        if (found.some((one) => one.deviceId === used())) select.value = used();
        show(word, found.length > 1);
      });
    },
  };
}

const used = (app, kind) => app.devices.track(kind)?.getSettings().deviceId ?? "";

export function createMicrophone(app) {
  const level = createLevel(app);
  const choice = createChoice(app, "audio", { list: () => app.devices.list("audio"), used: () => used(app, "audio"), choose: (id) => app.do.choose("audio", id) });
  const again = createAgain(app);
  const item = createItem("microphone", h("div", { class: "check__more" }, h("div", { class: "check__row" }, level.el, choice.word), choice.select, ...again.el));
  return {
    el: item.el,
    update(state) {
      item.update(state, wordsOf("microphone", state), stepsOf(app, state, namesOf(app)));
      level.update();
      choice.update(!isBad(state));
      again.update(isBad(state));
    },
  };
}

// Its picture is open while there is nothing to mend above all; whoever opens or closes it has the last word.
export function createCamera(app) {
  const self = createSelf(app);
  let isOpen = null;
  const look = h("button", { type: "button", class: "linklike", onclick: () => (isOpen = preview.hidden) });
  const choice = createChoice(app, "video", { list: () => app.devices.list("video"), used: () => used(app, "video"), choose: (id) => app.do.choose("video", id) });
  const preview = h("div", { class: "check__preview" }, self.el, h("div", {}, h("p", {}, t("lobby.unseen")), choice.word), choice.select);
  const again = createAgain(app);
  const item = createItem("camera", h("div", { class: "check__more" }, look, preview, ...again.el));
  return {
    el: item.el,
    update(state, microphone) {
      const isTold = isBad(microphone) && state === microphone; // once on the page is enough
      const words = state === "ok" ? (app.devices.track("video")?.label ?? "") : sentences(wordsOf("camera", state), isBad(state) && microphone === "ok" && t("check.camera.voice"));
      item.update(state, words, isTold ? [] : stepsOf(app, state, t("check.camera")));
      const isThere = state === "ok";
      show(look, isThere);
      show(preview, isThere && (isOpen ?? !isBad(microphone)));
      setText(look, t(preview.hidden ? "check.look" : "check.look_away"));
      setAttr(look, "aria-expanded", String(!preview.hidden));
      self.update();
      choice.update(isThere);
      again.update(isBad(state) && !isBad(microphone));
    },
  };
}

// Another try; where it changed nothing, that and when it was.
function createAgain(app) {
  let isAnswered = false;
  const again = h("button", { type: "button", class: "btn btn--between", hidden: true, dataset: { testid: "check-again" }, onclick: ask }, t("check.again"), icon("arrow"));
  const still = h("span", { class: "small hot", hidden: true, dataset: { testid: "check-still" } });

  async function ask() {
    setText(still, "");
    await app.do.openDevices();
    isAnswered = true;
  }

  return {
    el: [again, still],
    update(isShown) {
      show(again, isShown);
      if (isAnswered && isShown) {
        setText(still, t("check.still", { time: app.write.exact(app.s.now) }));
        app.announcer.say(still.textContent);
        if (document.activeElement === document.body) again.focus(); // it was hidden while the browser was asked
      }
      isAnswered = false;
      show(still, isShown && still.textContent !== "");
    },
  };
}

const wordsOf = (name, state) => (hasText(`check.${name}.${state}`) ? t(`check.${name}.${state}`) : "");

function stepsOf({ browser }, state, device) {
  return stepsFor(state, browser, hasText).map((key) => t(key, { device, browser: browser.name ?? t("browser.this") }));
}

// Both at once, where both were refused: the way is the same.
function namesOf({ devices: { state } }) {
  return t(state.camera === state.microphone ? "check.both" : "check.microphone");
}

// A tone, and the question whether it was heard: only the person can know.
export function createSpeaker(app) {
  let state = "unknown";
  const answer = (heard) => () => (state = heard);
  const play = h("button", { type: "button", class: "linklike", dataset: { testid: "play" }, onclick: ring });
  const yes = h("button", { type: "button", class: "btn", dataset: { testid: "heard" }, onclick: answer("heard") }, t("check.heard_yes"));
  const no = h("button", { type: "button", class: "btn", dataset: { testid: "unheard" }, onclick: answer("unheard") }, t("check.heard_no"));
  const asked = h("div", { class: "check__asked", hidden: true }, yes, no);
  const choice = createChoice(app, "speaker", { list: () => app.devices.speakers(), used: () => app.devices.speaker || "default", choose: (id) => app.devices.chooseSpeaker(id) });
  const item = createItem("sound", h("div", { class: "check__more" }, h("div", { class: "check__row" }, play, choice.word), choice.select, asked));

  function ring() {
    state = "played";
    app.do.chime();
    show(asked, true);
    asked.scrollIntoView({ block: "nearest" }); // not under the sign at the foot
  }

  return {
    el: item.el,
    // unknown, played (and asked about), heard, unheard
    get state() {
      return state;
    },
    update() {
      item.update(state, wordsOf("sound", state));
      show(asked, state === "played");
      setText(play, t(state === "unknown" ? "check.sound_play" : "check.sound_again"));
      choice.update();
    },
  };
}

export function createLine(app) {
  const { probe, devices } = app;
  const figures = h("div", { dataset: { testid: "figures" } });
  const exact = h("details", { class: "check__figures", hidden: true }, h("summary", {}, t("check.line.more")), figures);
  const again = h("button", { type: "button", class: "linklike", dataset: { testid: "measure-again" }, onclick: () => probe.again() }, t("check.line.again"));
  const silent = h("button", { type: "button", class: "linklike", dataset: { testid: "sound-only" }, onclick: () => app.do.toggle("video") }, t("check.line.camera_off"));
  const item = createItem("line", h("div", { class: "check__more" }, h("div", { class: "check__row" }, again, silent, exact)));
  return {
    el: item.el,
    update(isOnline, hasPicture) {
      const { state, words } = wordsOfLine(probe, isOnline, hasPicture);
      item.update(state, words ? t(words) : "");
      const isDone = isOnline && probe.state === "done";
      const result = isDone ? probe.result : null;
      if (result) keyed(figures, JSON.stringify(result), () => figuresOf(result));
      show(exact, result !== null);
      show(again, isDone && state !== "good");
      show(silent, state === "sound" && hasPicture && devices.isOn("video"));
    },
  };
}

// What the word was made of, for who wants to know or is asked on the telephone: small, and behind a word.
function figuresOf({ figures }) {
  if (!figures) return h("p", {}, t("check.line.no_figures"));
  const number = (value, digits) => value.toLocaleString(currentLanguage(), { maximumFractionDigits: digits });
  const rate = (bps) => t(bps >= FULL * ASKED_BPS ? "check.line.at_least" : "check.line.rate", { n: number(Math.min(bps, ASKED_BPS) / 1e6, bps < 1e5 ? 2 : 1) });
  const row = (name, value) => h("div", {}, h("dt", {}, t(`check.line.${name}`)), h("dd", {}, value));
  return [
    h("dl", { class: "kv" }, row("rtt", figures.rtt_ms === null ? "–" : t("check.line.ms", { n: figures.rtt_ms })), row("missing", `${number(100 * figures.missing, 1)}%`), row("up", rate(figures.up_bps)), row("down", rate(figures.down_bps))),
    h("p", {}, t(figures.isRelayed ? "check.line.over_relay" : "check.line.to_server")),
  ];
}

export function createBrowser({ browser }) {
  const item = createItem("browser");
  const name = [browser.device, browser.name && `${browser.name} ${browser.version ?? ""}`.trim()].filter(Boolean).join(t("browser.between"));
  item.update(browser.support, [name, wordsOf("browser", browser.support)].filter(Boolean).join(t("browser.then")));
  return item;
}
