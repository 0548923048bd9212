// One's own picture, loudness and switches.

import { h, keyed, setAttr, setText, setVar, show } from "../dom.js";
import { icon } from "../icons.js";
import { isObserver, offers } from "../state.js";
import { t } from "../text.js";

export function createSelf(app) {
  const video = h("video", { autoplay: true, playsinline: true, disablepictureinpicture: true, dataset: { testid: "local-video" }, "aria-label": t("self.picture") });
  video.muted = true;
  const none = h("p", { class: "self__none" });
  const el = h("div", { class: "video self-view" }, video, none);
  return {
    el,
    video,
    update() {
      const { devices } = app;
      show(el, offers(app.s, "video") && !isObserver(app.s));
      if (video.srcObject !== devices.stream) video.srcObject = devices.stream;
      setAttr(el, "data-facing", devices.facing); // only a camera that looks at oneself is a mirror
      if (video.paused && devices.track("video")) video.play().catch(() => {}); // muted: only a closed page refuses
      show(none, !devices.isOn("video"));
      setText(none, t(devices.track("video") ? "self.none" : "self.none_there"));
    },
  };
}

export function createLevel(app) {
  const bar = h("i");
  const el = h("div", { class: "level" }, h("span", { class: "small" }, t("self.level")), h("div", { class: "level__bar", "aria-hidden": "true" }, bar));
  return {
    el,
    update() {
      show(el, app.devices.track("audio") !== null); // an empty scale would look like silence
      setVar(bar, "level", app.devices.isOn("audio") ? app.devices.level().toFixed(2) : 0);
    },
  };
}

// Microphone, camera: what the switch will do is in its caption, what is so in its state. isShort: the devices are chosen elsewhere
export function createSwitches(app, { isShort = false } = {}) {
  const one = (kind, shape) => {
    const word = h("span");
    const button = h("button", { type: "button", class: "ctl", dataset: { testid: `switch-${kind}` }, onclick: () => app.do.toggle(kind) }, icon(shape), word);
    return { button, word, kind };
  };
  const microphone = one("audio", "mic");
  const camera = one("video", "camera");
  const choose = h("button", { type: "button", class: "ctl", onclick: () => app.do.chooseDevices() }, icon("devices"), h("span", {}, t("self.choose")));
  const flip = h("button", { type: "button", class: "ctl", dataset: { testid: "flip" }, onclick: () => app.do.flip() }, icon("flip"), h("span", {}, t("self.flip")));
  return {
    el: isObserver(app.s) ? [] : [microphone.button, camera.button, flip, !isShort && choose],
    update() {
      show(camera.button, offers(app.s, "video"));
      show(flip, offers(app.s, "video") && app.devices.canFlip);
      for (const { button, word, kind } of [microphone, camera]) {
        const isThere = Boolean(app.devices.track(kind));
        const isOn = app.devices.isOn(kind);
        button.classList.toggle("is-off", isThere && !isOn);
        button.classList.toggle("is-missing", !isThere);
        setAttr(button, "aria-pressed", String(isOn));
        setAttr(button, "disabled", !isThere);
        setText(word, t(!isThere ? `self.${kind}_none` : isOn ? `self.${kind}` : `self.${kind}_off`));
      }
    },
  };
}

const BARS = { good: "", unstable: "conn--weak", lost: "conn--none", unknown: "conn--none" };

// Without the server nobody knows whether the other one still gets anything: never «good», at best not known.
const wordOffline = ({ peer, quality }) => (!peer.isAlive && quality.word === "lost" ? "lost" : "unknown");

export function createConnection(app) {
  const el = h("span", { class: "conn" });
  return {
    el,
    update() {
      const word = app.s.isOnline ? app.quality.word : wordOffline(app);
      keyed(el, word, () => [h("i", {}, h("b")), h("span", {}, t(`quality.${word}`))]);
      el.className = `conn conn-${word} ${BARS[word]}`;
    },
  };
}
