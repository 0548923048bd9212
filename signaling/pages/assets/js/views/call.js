// The call: the band at the top, next to the camera; the other person; what to do at the bottom.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { can, isObserver, isSeeker, isSupporter, offers } from "../state.js";
import { createSwitches } from "./self.js";
import { createStage } from "./stage.js";
import { createPanel } from "./panel.js";
import { createChatSwitch } from "./chat.js";
import { createTop } from "./top.js";

export function create(app) {
  const { s } = app;
  const stage = createStage(app);
  const panel = isSupporter(s) ? createPanel(app) : null;
  const top = createTop(app, panel ?? {});
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
}

function createControls(app) {
  const { s } = app;
  const isStaff = isSupporter(s);
  const switches = createSwitches(app, { isShort: true });
  const chat = isStaff ? null : createChatSwitch(app); // the supporter has it beside the picture
  const control = (testid, shape, words, onclick, kind = "") =>
    h("button", { type: "button", class: `ctl ${kind}`, dataset: { testid }, onclick }, icon(shape), h("span", {}, words));
  const share = control("share-screen", "screen", t("screen.share"), () => app.do.shareScreen(), "ctl--roomy");
  const choose = isStaff ? control("choose-devices", "devices", t("self.choose"), () => app.do.chooseDevices(), "ctl--roomy") : null;
  const more = control("more", "more", t("menu.title"), () => app.do.openSheet("menu"));
  more.setAttribute("aria-haspopup", "dialog");
  // A seeker's two ways out are told apart in a sheet: the wrong one is pressed easily.
  const stepOut = isSeeker(s) ? null : control("step-out", "door", t("leave.step_out"), () => app.do.stepOut());
  const end = isSeeker(s) ? control("end", "door", t("leave.leave"), () => app.do.askEnd(), "ctl--leave") : null;
  end?.setAttribute("aria-haspopup", "dialog");
  const report = isStaff ? control("report", "flag", t("panel.report"), () => app.do.openSheet("stop"), "ctl--roomy ctl--stop") : null;
  const request = isStaff ? control("request-end", "end", [h("span", { class: "roomy" }, t("leave.request")), h("span", { class: "tight" }, t("leave.request_short"))], () => app.do.requestEnd()) : null;
  return {
    el: h("footer", { class: "call__ctl" }, h("div", { class: "ctls" }, switches.el, share, choose, chat?.el, more), h("div", { class: "ctls call__ways" }, report, stepOut, end, request)),
    update() {
      switches.update();
      chat?.update();
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
