// By telephone: no media runs here. The supporter calls and says what comes of it; the seeker reads what happens now.

import { append, h, keyed, setAttr, setText, show } from "../dom.js";
import { icon, logo, plate } from "../icons.js";
import { ms } from "../clock.js";
import { pick, t } from "../text.js";
import { can, endsAt, isLost, isRunning, isSeeker, isSupporter, other, warningOf } from "../state.js";
import { createNotices, createUntil, head, languages, nameOf, sign, telephone } from "../parts.js";
import { createChatSwitch } from "./chat.js";
import { createNextNote } from "./nextnote.js";
import { createAtHand } from "./at_hand.js";
import { createStaffList } from "./staff.js";

export function create(app) {
  return isSupporter(app.s) ? createDesk(app) : createGuest(app);
}

// Where the call is, for both sides.
function stateOf(s) {
  const { call } = s.session;
  if (s.session.phase === "interrupted" && isLost(seekerOf(s))) return call === "calling" ? "calling" : "dropped";
  if (isRunning(s) && call === "answered") return "talking";
  if (call === "calling" || call === "no_answer") return call;
  return s.now < ms(s.session.starts_at) ? "before" : "soon";
}

const seekerOf = (s) => s.session.seats.find((seat) => seat.role === "seeker");

function createWarning(app) {
  const { s, write } = app;
  const words = h("b");
  const more = h("span");
  const el = h("div", { class: "warn warn--page", role: "status", hidden: true, dataset: { testid: "warning" } }, icon("clock"), h("p", {}, words, more));
  return {
    el,
    update() {
      const span = warningOf(s);
      show(el, span !== null);
      if (span === null) return;
      setText(words, t(span >= 60 ? "warning.minutes" : "warning.seconds", { n: span >= 60 ? Math.round(span / 60) : span }));
      setText(more, t("warning.more", { time: write.moment(endsAt(s.session)) }));
    },
  };
}

function createGuest(app) {
  const { s, write } = app;
  const until = createUntil({ size: "l", names: true, isLarge: true, level: "p" });
  const notices = createNotices(app);
  const warning = createWarning(app);
  const next = createNextNote(app);
  const chat = createChatSwitch(app);
  const h1 = h("h1", { tabindex: "-1" });
  const words = h("p");
  const keep = h("p", { class: "small quiet" });
  const status = h("section", { class: "pad stack phone-state", role: "status", dataset: { testid: "phone-state" } }, h1, words, keep);
  const host = other(s);
  const more = h("button", { type: "button", class: "ctl", dataset: { testid: "more" }, "aria-haspopup": "dialog", onclick: () => app.do.openSheet("menu") }, icon("more"), h("span", {}, t("menu.title")));
  const end = isSeeker(s) ? h("button", { type: "button", class: "ctl ctl--leave", dataset: { testid: "end" }, onclick: () => app.do.askEnd() }, icon("end"), h("span")) : null;
  return {
    el: h(
      "div",
      { class: "phone", dataset: { testid: "phone" } },
      head(app),
      h("main", {}, h("section", { class: "pad lobby-time" }, until.el), warning.el, notices.el, next.el, status, h("section", { class: "pad-s" }, h("div", { class: "who" }, plate(host.display_name, "plate--l"), h("p", {}, h("span", { class: "small quiet" }, t("phone.caller")), h("br"), h("b", {}, host.display_name)))), h("section", { class: "pad-s" }, telephone(app))),
      h("footer", { class: "actbar actbar--row" }, h("div", { class: "ctls" }, chat.el, more), end),
    ),
    focus: h1,
    update() {
      until.update(s, write);
      warning.update();
      notices.update(s);
      next.update();
      chat.update();
      const state = stateOf(s);
      setAttr(status, "data-state", state);
      const told = state === "soon" && other(s).presence === "away" ? "awaited" : state;
      setText(h1, t(`phone.${told}`));
      setText(words, t(`phone.${told}.more`, { start: write.moment(ms(s.session.starts_at)), end: write.moment(endsAt(s.session)) }));
      setText(keep, t("phone.keep"));
      setAttr(more, "disabled", !s.isOnline);
      if (!end) return;
      setAttr(end, "disabled", !can(s, "end"));
      setText(end.lastChild, t(isRunning(s) ? "leave.end" : "leave.cancel_short"));
    },
  };
}

function createDesk(app) {
  const { s, write } = app;
  const seeker = other(s);
  const until = createUntil({ size: "l", names: true, gap: 0.09 });
  const notices = createNotices(app);
  const warning = createWarning(app);
  const next = createNextNote(app);
  const people = createStaffList(app);
  const atHand = createAtHand(app);
  const chat = createChatSwitch(app, { isControl: false });
  const clock = h("span", { class: "clock num", "aria-hidden": "true" });
  const h1 = h("h1", { tabindex: "-1" }, t("name.seeker", { name: seeker.display_name }));
  const title = h("h2");
  const words = h("p", { class: "small" });
  const reports = h("div", { class: "reports" });
  const status = h("section", { class: "phone-state", dataset: { testid: "phone-state" } }, h("div", { role: "status" }, title, words), reports);
  const more = h("button", { type: "button", class: "btn", dataset: { testid: "more" }, "aria-haspopup": "dialog", onclick: () => app.do.openSheet("menu") }, icon("more"), t("menu.title"));
  const main = h("main", { class: "main" });
  append(main, [h("p", { class: "step" }, t("phone.step")), h("div", { class: "hd" }, h1, until.el[0]), until.el[1], warning.el, notices.el, next.el, status]);

  return {
    el: h(
      "div",
      { class: "full desk-page", dataset: { testid: "phone" } },
      h("header", { class: "bar" }, logo(t("site.name")), h("span", { class: "office" }, pick(s.programme.office)), h("span", { class: "sp" }), languages(app), h("span", { class: "who" }, plate(s.you.display_name), s.you.display_name), clock),
      h("div", { class: "desk desk--two" }, main, h("aside", { class: "aside" }, people.el, ...atHand.el, h("div", { class: "desk__more" }, chat.el, more), telephone(app))),
    ),
    focus: h1,
    update() {
      until.update(s, write);
      warning.update();
      notices.update(s);
      next.update();
      people.update();
      atHand.update();
      chat.update();
      setText(clock, write.exact(s.now));
      const state = stateOf(s);
      setAttr(status, "data-state", state);
      setText(title, t(`phone.${state}.staff`));
      setText(words, t(`phone.${state}.staff_more`, { name: nameOf(seeker), start: write.moment(ms(s.session.starts_at)) }));
      keyed(reports, state, () => reportsOf(app, state));
      for (const button of reports.querySelectorAll("button")) setAttr(button, "disabled", !can(s, "report_call") || isTooEarly(s, button.dataset.state));
      setAttr(more, "disabled", !s.isOnline);
    },
  };
}

// Before the start only a try may be noted.
const isTooEarly = (s, state) => state === "answered" && s.session.phase === "open";

// What the supporter may say now: the most likely first.
const NEXT = {
  before: ["calling"],
  soon: ["calling", "answered", "no_answer"],
  calling: ["answered", "no_answer"],
  no_answer: ["calling", "answered"],
  talking: ["finished", "dropped"],
  dropped: ["calling", "answered"],
};
const SHAPES = { calling: "phone", answered: "tick", no_answer: "cross", finished: "end", dropped: "cross" };

function reportsOf(app, state) {
  return NEXT[state].map((report, index) =>
    // A line that broke is told like a call that nobody answers.
    withState(
      report,
      sign(t(`report.${report}`), {
        testid: `report-${report}`,
        kind: index === 0 ? "btn--go" : "",
        shape: SHAPES[report],
        small: report === "finished" ? t("report.finished_more") : "",
        onclick: () => app.do.reportCall(report === "dropped" ? "no_answer" : report),
      }),
    ),
  );
}

function withState(report, button) {
  button.dataset.state = report;
  return button;
}
