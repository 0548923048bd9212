// The waiting room: the time until the start, whether the other one is there, one's own picture.

import { h, setAttr, setText, show } from "../dom.js";
import { icon, logo, plate } from "../icons.js";
import { ms } from "../clock.js";
import { pick, sentences, t } from "../text.js";
import { awayAs, can, cutoffAhead, isLost, isObserver, isSeeker, isSupporter, other } from "../state.js";
import { createNotices, createUntil, head, languages, telephone } from "../parts.js";
import { createAtHand } from "./at_hand.js";
import { createChatSwitch } from "./chat.js";
import { createLevel, createSelf, createSwitches } from "./self.js";
import { createAdmit, createStaffList, shownPresence, whereWords } from "./staff.js";

export function create(app) {
  return isSupporter(app.s) ? createDesk(app) : createWaitingRoom(app);
}

function createWaitingRoom(app) {
  const { s, write } = app;
  const until = createUntil({ size: "l", names: true, isLarge: true, level: "h1" });
  const notices = createNotices(app);
  const self = createSelf(app);
  const level = createLevel(app);
  const switches = createSwitches(app);
  const connectionWord = h("span");
  const connection = h("p", { class: "conn" }, h("i", {}, h("b")), connectionWord);
  const chat = createChatSwitch(app);
  const host = other(s);
  const another = h("button", { type: "button", class: "btn btn--plain", dataset: { testid: "late" }, onclick: () => app.do.openSheet("late") }, t("menu.late"));
  const where = h("span", { class: "small presence" });
  const noteHead = h("b");
  const noteWords = h("span");

  const el = h(
    "div",
    { class: "phone", dataset: { testid: "lobby" } },
    head(app),
    h(
      "main",
      {},
      h("section", { class: "pad lobby-time" }, h("p", { class: "step" }, t("lobby.step")), until.el),
      notices.el,
      h(
        "section",
        { class: "pad-s lobby-who" },
        h("div", { class: "who" }, plate(host.display_name, "plate--l"), h("p", {}, h("b", {}, host.display_name), h("br"), where)),
        h("div", { class: "note" }, icon("bell"), h("p", {}, noteHead, noteWords)),
        another,
      ),
      !isObserver(s) && h("section", { class: "preview" }, self.el, h("div", {}, h("p", {}, h("b", {}, t("lobby.you", { name: s.you.display_name }))), h("p", { class: "small quiet" }, t("lobby.unseen")), level.el, connection)),
      h("section", { class: "pad-s" }, telephone(app)),
    ),
    h("footer", { class: "actbar actbar--row" }, h("div", { class: "ctls" }, switches.el, chat.el), leaveButtons(app)),
  );
  return {
    el,
    focus: el.querySelector("h1"),
    update() {
      until.update(s, write);
      notices.update(s);
      self.update();
      level.update();
      switches.update();
      const there = other(s);
      setText(where, hostWords(s, there, write));
      setAttr(where, "data-presence", shownPresence(s, there));
      chat.update();
      show(another, can(s, "another_date"));
      setText(noteHead, t("lobby.stay"));
      setText(noteWords, stayWords(s, write));
      setText(connectionWord, t(s.isOnline ? "lobby.line_ok" : "line.mending"));
      connection.className = s.isOnline ? "conn conn-good" : "conn conn-unknown conn--none";
    },
  };
}

function hostWords(s, host, write) {
  if (!s.isOnline) return t("presence.unknown");
  const word = s.session.notices.supporter;
  if (word && host.presence === "away") return t("host.notice", { time: write.moment(ms(word.until)) });
  if (isLost(host)) return t(`presence.${awayAs(host)}`);
  if (isElsewhere(s, host)) return t("host.engaged");
  return t(host.presence === "away" && host.since ? "host.left" : `host.${host.presence}`);
}

// Still with somebody else: the session before goes on.
const isElsewhere = (s, host) => host.presence === "away" && s.around.isEngaged;

function stayWords(s, write) {
  const start = write.moment(ms(s.session.starts_at));
  if (s.session.phase === "scheduled") return t("lobby.stay_scheduled", { time: write.moment(ms(s.session.opens_at)) });
  if (s.now < ms(s.session.starts_at)) return t("lobby.stay_before", { time: start });
  if (!s.isOnline) return t("line.mending");
  return sentences(whenWords(s, write), t("lobby.stay_after"));
}

// When the counsellor will call: only who is at the counter can do it shortly.
function whenWords(s, write) {
  const host = other(s);
  if (host.presence !== "away") return t("lobby.host_here");
  const word = s.session.notices.supporter;
  if (word) return t("lobby.host_notice", { time: write.moment(ms(word.until)) });
  if (isElsewhere(s, host)) return t("lobby.host_engaged");
  return t(host.since ? "lobby.host_left" : "lobby.host_away");
}

// A seeker has two ways out, in a sheet; everybody else has one.
function leaveButtons(app) {
  if (isSeeker(app.s)) return h("div", { class: "leave" }, h("button", { type: "button", class: "btn btn--plain", "aria-haspopup": "dialog", dataset: { testid: "end" }, onclick: () => app.do.askEnd() }, t("leave.leave_lobby")));
  return h("div", { class: "leave" }, h("button", { type: "button", class: "btn btn--plain", dataset: { testid: "step-out" }, onclick: () => app.do.stepOut() }, t("leave.step_out")));
}

function createDesk(app) {
  const { s, write } = app;
  const seeker = other(s);
  const until = createUntil({ size: "l", names: true, gap: 0.09 });
  const notices = createNotices(app);
  const self = createSelf(app);
  const level = createLevel(app);
  const switches = createSwitches(app);
  const admit = createAdmit(app);
  const people = createStaffList(app);
  const atHand = createAtHand(app);
  const chat = createChatSwitch(app, { isControl: false });
  const byPhone = h("button", { type: "button", class: "btn", dataset: { testid: "to-phone" }, onclick: () => app.do.switchMedium("phone") }, icon("phone"), t("desk.by_phone"));
  const stepOut = h("button", { type: "button", class: "btn", dataset: { testid: "step-out" }, onclick: () => app.do.stepOut() }, icon("door"), t("leave.step_out"));
  const check = h("button", { type: "button", class: "linklike", dataset: { testid: "look-at-check" }, onclick: () => app.do.lookAtCheck() }, t("desk.check"));
  const standing = h("p", { class: "small quiet desk__standing", hidden: true, dataset: { testid: "standing" } }, h("span", {}, t("desk.standing")), check);
  const clock = h("span", { class: "clock num", "aria-hidden": "true" });
  const where = h("p", { class: "small presence" });
  const ruleHead = h("h2");
  const ruleWords = h("p", { class: "small" });
  const rule = h("section", { class: "desk__rule", dataset: { testid: "desk-rule" } }, ruleHead, ruleWords);
  const h1 = h("h1", { tabindex: "-1" }, t("name.seeker", { name: seeker.display_name }));

  const el = h(
    "div",
    { class: "full desk-page", dataset: { testid: "lobby" } },
    h("header", { class: "bar" }, logo(t("site.name")), h("span", { class: "office" }, pick(s.programme.office)), h("span", { class: "date" }, write.day(s.now)), h("span", { class: "sp" }), languages(app), h("span", { class: "who" }, plate(s.you.display_name), s.you.display_name), clock),
    h(
      "div",
      { class: "desk desk--two" },
      h(
        "main",
        { class: "main" },
        h("p", { class: "step" }, t("desk.step")),
        h("div", { class: "hd" }, h1, until.el[0]),
        until.el[1],
        notices.el,
        h("div", { class: "desk__go" }, admit.el),
        standing,
        h("p", {}, h("span", { class: "small quiet" }, t("desk.seeker_now")), " ", where),
        rule,
        h("div", { class: "desk__more" }, chat.el, byPhone, stepOut),
      ),
      h(
        "aside",
        { class: "aside" },
        people.el,
        ...atHand.el,
        h("h2", {}, t("desk.you")),
        h("div", { class: "preview preview--aside" }, self.el, h("div", {}, level.el)),
        h("div", { class: "ctls" }, switches.el),
      ),
    ),
  );
  return {
    el,
    focus: h1,
    update() {
      until.update(s, write);
      notices.update(s);
      self.update();
      level.update();
      switches.update();
      admit.update();
      people.update();
      atHand.update();
      chat.update();
      show(standing, s.isByStanding);
      show(byPhone, can(s, "switch_medium"));
      setText(clock, write.exact(s.now));
      const guest = other(s);
      setText(where, whereWords(s, guest, write));
      setAttr(where, "data-presence", shownPresence(s, guest));
      updateRule(guest);
    },
  };

  // What the absence of the seeker will mean; or that they have sent word, and then it means nothing yet.
  function updateRule(guest) {
    const word = s.session.notices.seeker;
    const cutoff = cutoffAhead(s);
    const hasWord = word !== null && guest.presence === "away";
    show(rule, hasWord || cutoff !== null);
    setText(ruleHead, t(hasWord ? "desk.notice" : "desk.no_show"));
    if (hasWord) setText(ruleWords, t("desk.notice_words", { name: guest.display_name, at: write.moment(ms(word.at)), until: write.moment(ms(word.until)) }));
    else if (cutoff !== null) setText(ruleWords, t("desk.no_show_words", { start: write.moment(ms(s.session.starts_at)), cutoff: write.moment(cutoff) }));
  }
}
