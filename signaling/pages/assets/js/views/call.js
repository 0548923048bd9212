// The call: the band at the top, next to the camera; the other person; what to do at the bottom.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { t } from "../text.js";
import { can, endsAt, isObserver, isSeeker, isSupporter, offers, other, warningOf } from "../state.js";
import { bandWords, createNotices } from "../parts.js";
import { createBand, planOf } from "../band.js";
import { createSecrecy } from "./secrecy.js";
import { createConnection, createSwitches } from "./self.js";
import { createStage } from "./stage.js";
import { createPanel } from "./panel.js";
import { createChatSwitch } from "./chat.js";
import { createNextNote } from "./nextnote.js";

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
    rest() {
      stage.rest();
      panel?.rest();
    },
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
    const until = h("span", { class: "quiet num" });
    const secrecy = createSecrecy(app);
    return {
      el: h("header", { class: "call__top" }, head, h("div", { class: "call__row" }, h("span", { class: "left" }, isSupporter(s) && h("span", { class: "call__who" }, t("name.seeker", { name: other(s).display_name })), h("span", {}, t("call.left")), left, until), connection.el), band.el, secrecy.el, warn, notices.el, next.el),
      focus: head,
      update() {
        const end = write.moment(endsAt(s.session));
        setText(left, countdown(endsAt(s.session) - s.now));
        setText(until, t("call.until", { time: end }));
        connection.update();
        secrecy.update();
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

function createControls(app) {
  const { s } = app;
  const switches = createSwitches(app, { isShort: true });
  const chat = createChatSwitch(app);
  const control = (testid, shape, words, onclick, kind = "") =>
    h("button", { type: "button", class: `ctl ${kind}`, dataset: { testid }, onclick }, icon(shape), h("span", {}, t(words)));
  const share = control("share-screen", "screen", "screen.share", () => app.do.shareScreen(), "ctl--roomy");
  const more = control("more", "more", "menu.title", () => app.do.openSheet("menu"));
  more.setAttribute("aria-haspopup", "dialog");
  // A seeker's two ways out are told apart in a sheet: the wrong one is pressed easily.
  const stepOut = isSeeker(s) ? null : control("step-out", "door", "leave.step_out", () => app.do.stepOut());
  const end = isSeeker(s) ? control("end", "door", "leave.leave", () => app.do.askEnd(), "ctl--leave") : null;
  end?.setAttribute("aria-haspopup", "dialog");
  const report = isSupporter(s) ? control("report", "flag", "panel.report", () => app.do.openSheet("stop"), "ctl--roomy ctl--stop") : null;
  const request = isSupporter(s) ? control("request-end", "end", "leave.request", () => app.do.requestEnd()) : null;
  return {
    el: h("footer", { class: "call__ctl" }, h("div", { class: "ctls" }, switches.el, share, chat.el, more), h("div", { class: "ctls" }, report, stepOut, end, request)),
    update() {
      switches.update();
      chat.update();
      show(share, offers(s, "screen") && !isObserver(s) && app.screen.isPossible);
      share.classList.toggle("is-on", app.screen.isOn);
      setText(share.lastChild, t(app.screen.isOn ? "screen.stop" : "screen.share"));
      setAttr(share, "aria-pressed", String(app.screen.isOn));
      setAttr(more, "disabled", !s.isOnline);
      if (stepOut) setAttr(stepOut, "disabled", !s.isOnline);
      if (end) setAttr(end, "disabled", !s.isOnline);
      if (report) show(report, can(s, "stop"));
      if (request) setAttr(request, "disabled", !can(s, "request_end"));
    },
  };
}
