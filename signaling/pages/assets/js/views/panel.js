// The supporter's panel beside the picture: tabs for the next booking, notes, chat and what comes after. On phones the tabs
// stand alone, and what is opened comes below them, or beside the picture of a phone that lies on its side.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { can, isEndAsked, waiting } from "../state.js";
import { createMemo } from "../desk/memo.js";
import { createNoted } from "../desk/noted.js";
import { createAfterThis, createWaitsNote } from "./after_this.js";
import { createNextChoice } from "./sheets/next.js";
import { createAdmit, createStaffList } from "./staff.js";

const NARROW = matchMedia("(max-width: 860px), (max-height: 480px) and (orientation: landscape)"); // as in pages.css
const KEYS = { ArrowRight: 1, ArrowLeft: -1 };

export function createPanel(app) {
  const { s, chat } = app;
  const people = createStaffList(app);
  const admit = createAdmit(app);
  const guests = h("div", { class: "panel__admit" }, admit.el);
  const asked = h("p", { class: "note", role: "status", hidden: true, dataset: { testid: "end-asked" } });
  const waits = createWaitsNote(app);
  const nextHead = h("h2");
  const next = createNextChoice(app, nextHead);
  const ask = h("button", { type: "button", class: "btn btn--go btn--wide", dataset: { testid: "ask-next" }, onclick: () => app.do.askNext() }, h("span", {}, t("next.look_for")), icon("arrow"));
  const memo = createMemo(app.memos);
  const noted = createNoted(() => app.do.readNoted());
  const after = createAfterThis(app);
  const chatPlace = h("div", { class: "panel__chat" });
  const foot = h("div", { class: "panel__foot" });
  const unread = h("b", { class: "unread num", hidden: true, dataset: { testid: "unread" } });
  const tabs = [
    tab("next", "panel.next", [nextHead, ...next.parts, ask]),
    tab("memo", "memo.tab", [h("section", { class: "panel__memo" }, h("h2", {}, t("memo.title")), memo.el), noted.el]),
    tab("chat", "chat.title", [chatPlace], unread),
    tab("after", "following.title", [after.el, people.el]),
  ];
  const state = { name: null, before: null, isNarrow: true, isPicked: false };
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": t("panel.label"), onkeydown: walk }, tabs.map((one) => one.button));
  const el = h("aside", { class: "panel", "aria-label": t("panel.label"), dataset: { testid: "panel" } }, h("div", { class: "panel__now" }, asked, waits.el, guests), list, tabs.map((one) => one.body), foot);

  function tab(name, words, parts, mark = null) {
    const body = h("div", { class: "panel__in", id: `panel-${name}`, role: "tabpanel", "aria-labelledby": `tab-${name}`, tabindex: "0", hidden: true }, parts);
    const button = h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": `panel-${name}`, dataset: { testid: `tab-${name}` }, onclick: () => pick(name, true) }, t(words), mark);
    return { name, button, body };
  }

  const isThere = (one) => one.name !== "chat" || s.session.functions.includes("chat");

  // On a phone a second press on the open one closes it: the picture has the room again.
  function pick(name, isPressed = false) {
    const chosen = isPressed && NARROW.matches && state.name === name ? null : name;
    if (state.name !== "chat") state.before = state.name;
    Object.assign(state, { name: chosen, isPicked: true });
    if (chat.isOpen !== (chosen === "chat")) app.do.openChat(chosen === "chat");
    update();
    if (chosen === "memo" && isPressed) memo.field.focus(); // whoever opens it is about to write; the arrows only pass by
  }

  function walk(event) {
    const step = KEYS[event.key];
    if (!step) return;
    const there = tabs.filter(isThere);
    const at = there.findIndex((one) => one.button === document.activeElement);
    const one = there[(at + step + there.length) % there.length];
    one.button.focus();
    pick(one.name);
  }

  // The row of the menu leads here too, and a chat that was open before the call.
  function follow() {
    if (chat.isOpen && state.name !== "chat") {
      state.before = state.name;
      state.name = "chat";
    } else if (!chat.isOpen && state.name === "chat") state.name = state.before;
    if (s.sheet !== "next") return;
    s.sheet = null;
    Object.assign(state, { name: "next", isPicked: true });
    queueMicrotask(() => tabs[0].body.focus()); // once it is shown, and the menu has given the focus back
  }

  // Where there is room one is always open; where there is none, only what was asked for.
  function settle() {
    if (state.isNarrow === NARROW.matches) return;
    state.isNarrow = NARROW.matches;
    if (state.isNarrow && !state.isPicked) state.name = null;
    else if (!state.isNarrow) state.name ??= "after";
  }

  function update() {
    settle();
    follow();
    for (const one of tabs) {
      const isChosen = one.name === state.name;
      show(one.button, isThere(one));
      show(one.body, isChosen);
      setAttr(one.button, "aria-selected", String(isChosen));
      setAttr(one.button, "tabindex", isChosen || (state.name === null && one.name === "next") ? "0" : "-1");
    }
    show(unread, chat.unread > 0);
    setText(unread, chat.unread ? String(chat.unread) : "");
    setAttr(tabs.find((one) => one.name === "chat").button, "aria-label", chat.unread ? t("chat.unread", { n: chat.unread }) : null);
    s.panelTab = state.name;
    el.classList.toggle("is-open", state.name !== null);
    if (app.chatEl.parentElement !== chatPlace) chatPlace.append(app.chatEl);
    people.update();
    admit.update();
    show(guests, waiting(s).length > 0);
    const isAsked = isEndAsked(s.session);
    show(asked, isAsked || s.wasEndDeclined);
    setText(asked, t(isAsked ? "end.asked" : "end.declined"));
    waits.update();
    next.update();
    show(ask, can(s, "book_next") && s.session.following?.state !== "open");
    memo.update(s.session);
    noted.update(s.noted);
    after.update();
  }

  return {
    el,
    foot, // what is in sight whichever tab is open
    hasFoot: () => !NARROW.matches,
    update,
    rest() {
      s.panelTab = null;
      document.body.append(app.chatEl); // it goes on where the panel is not
    },
  };
}
