// The call: the band at the top, next to the camera; the other person; what to do at the bottom.

import { append, h, setAttr, setText, show } from "../dom.js";
import { icon, plate } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { t } from "../text.js";
import { can, isEndAsked, isSeeker, isSupporter, offers, other, waiting, warningOf } from "../state.js";
import { bandWords, createNotices, nameOf } from "../parts.js";
import { createBand, planOf } from "../band.js";
import { createWatermark } from "../watermark.js";
import { createConnection, createSelf, createSwitches } from "./self.js";
import { createAdmit, createStaffList } from "./staff.js";
import { createChatSwitch } from "./chat.js";
import { createCover } from "./cover.js";
import { createNextNote } from "./nextnote.js";

const PATIENCE_MS = 3000; // the first frame of a new connection takes its time

export function create(app) {
  const { s, write } = app;
  const stage = createStage(app);
  const top = createTop(app);
  const panel = isSupporter(s) ? createPanel(app) : null;
  const controls = createControls(app);
  const el = h("div", { class: `call on-dark${panel ? " call--staff" : ""}` }, top.el, stage.el, panel?.el, controls.el);
  return {
    el,
    focus: top.focus,
    update() {
      top.update();
      stage.update();
      panel?.update();
      controls.update();
    },
    rest: () => stage.rest(),
  };

  function createTop() {
    const left = h("b", { class: "num", dataset: { testid: "countdown" }, role: "timer", "aria-live": "off" });
    const band = createBand({ size: "s" });
    const connection = createConnection(app);
    const notices = createNotices(app);
    const head = h("h1", { class: "vh", tabindex: "-1" }, t("call.title"));
    const warning = h("b");
    const warningMore = h("span");
    const warn = h("div", { class: "warn", role: "status", hidden: true, dataset: { testid: "warning" } }, icon("clock"), h("p", {}, warning, warningMore));
    const next = createNextNote(app);
    const end = write.moment(ms(s.session.ends_at));
    return {
      el: h("header", { class: "call__top" }, head, h("div", { class: "call__row" }, h("span", { class: "left" }, isSupporter(s) && h("span", { class: "call__who" }, t("name.seeker", { name: other(s).display_name })), h("span", {}, t("call.left")), left, h("span", { class: "quiet num" }, t("call.until", { time: end }))), connection.el), band.el, warn, notices.el, next.el),
      focus: head,
      update() {
        const leftMs = ms(s.session.ends_at) - s.now;
        setText(left, countdown(leftMs));
        connection.update();
        notices.update(s);
        next.update();
        const lostFrom = s.lostAt ?? ms(other(s)?.is_lost ? other(s).since : null);
        band.update(planOf(s.session, s.now, { words: bandWords(), write, from: "start", lostFrom, label: t("call.band", { time: end }) }));
        const span = warningOf(s);
        show(warn, span !== null);
        if (span === null) return;
        setText(warning, t(span >= 60 ? "warning.minutes" : "warning.seconds", { n: span >= 60 ? Math.round(span / 60) : span }));
        setText(warningMore, t("warning.more", { time: end }));
      },
    };
  }
}

function createStage(app) {
  const { s, write, peer } = app;
  const video = h("video", { autoplay: true, playsinline: true, disablepictureinpicture: true, dataset: { testid: "remote-video" }, "aria-label": t("call.picture", { name: nameOf(other(s)) }) });
  const still = h("p", { class: "video__still", hidden: true, dataset: { testid: "no-picture" } }, h("span"));
  const muted = h("span", { class: "video__muted", hidden: true, dataset: { testid: "muted" } }, t("call.microphone_off"));
  const unmute = h("button", { type: "button", class: "btn btn--go video__play", hidden: true, onclick: () => play() }, icon("sound"), t("call.tap"));
  const name = h("p", { class: "video__name" }, isSupporter(s) ? null : plate(other(s).display_name, "plate--s"), nameOf(other(s)), muted);
  const picture = h("div", { class: "video" }, video, still);
  const mark = s.programme.watermark ? createWatermark() : null;
  mark?.keepOn(picture);
  append(picture, [name]);
  const self = createSelf(app);
  self.el.classList.add("self");
  const cover = createCover(app);
  let aliveAt = null;
  for (const news of ["loadeddata", "resize", "playing", "emptied"]) video.addEventListener(news, updateStill);
  video.addEventListener("contextmenu", (event) => event.preventDefault());

  // Why there is no picture; null while there is one, or while it may still come.
  function whyStill() {
    if (!offers(s, "video")) return "call.by_sound";
    if (s.mediaOf[other(s).seat]?.video === false) return "call.camera_off";
    const hasFrames = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && video.videoWidth > 0;
    return !hasFrames && aliveAt !== null && s.now - aliveAt > PATIENCE_MS ? "call.sound_only" : null;
  }

  function updateStill() {
    const why = whyStill();
    show(still, why !== null);
    if (why !== null) setText(still.firstChild, t(why));
    show(muted, s.mediaOf[other(s).seat]?.audio === false);
  }

  function play() {
    video.play().then(() => show(unmute, false), (error) => show(unmute, error.name === "NotAllowedError"));
  }

  return {
    el: h("main", { class: "call__stage" }, picture, self.el, unmute, cover.el),
    update() {
      if (video.srcObject !== peer.remote) video.srcObject = peer.remote;
      if (video.paused && peer.remote.getTracks().length) play();
      aliveAt = peer.isAlive ? (aliveAt ?? s.now) : null;
      updateStill();
      mark?.update(s.you.display_name, write.stamp(s.now), s.now / 1000);
      self.update();
      cover.update();
    },
    rest() {
      video.srcObject = null;
    },
  };
}

function createPanel(app) {
  const { s } = app;
  const people = createStaffList(app);
  const admit = createAdmit(app);
  const guests = h("div", { class: "panel__admit" }, admit.el);
  const asked = h("p", { class: "note", role: "status", hidden: true, dataset: { testid: "end-asked" } });
  return {
    el: h("aside", { class: "panel" }, h("div", { class: "panel__in" }, asked, guests, people.el)),
    update() {
      people.update();
      admit.update();
      show(guests, waiting(s).length > 0);
      const isAsked = isEndAsked(s.session);
      show(asked, isAsked || s.wasEndDeclined);
      setText(asked, t(isAsked ? "end.asked" : "end.declined"));
    },
  };
}

function createControls(app) {
  const { s } = app;
  const switches = createSwitches(app, { isShort: true });
  const chat = createChatSwitch(app);
  const control = (testid, shape, words, onclick, kind = "") =>
    h("button", { type: "button", class: `ctl ${kind}`, dataset: { testid }, onclick }, icon(shape), h("span", {}, t(words)));
  const more = control("more", "more", "menu.title", () => app.do.openSheet("menu"));
  more.setAttribute("aria-haspopup", "dialog");
  const stepOut = control("step-out", "door", "leave.step_out", () => app.do.stepOut());
  const end = isSeeker(s) ? control("end", "end", "leave.end", () => app.do.askEnd(), "ctl--leave") : null;
  const request = isSupporter(s) ? control("request-end", "end", "leave.request", () => app.do.requestEnd()) : null;
  return {
    el: h("footer", { class: "call__ctl" }, h("div", { class: "ctls" }, switches.el, chat.el, more), h("div", { class: "ctls" }, stepOut, end, request)),
    update() {
      switches.update();
      chat.update();
      setAttr(more, "disabled", !s.isOnline);
      setAttr(stepOut, "disabled", !s.isOnline);
      if (end) setAttr(end, "disabled", !can(s, "end"));
      if (request) setAttr(request, "disabled", !can(s, "request_end"));
    },
  };
}
