// Lines between the people of a session: only in the memory of their pages, gone with them.

import { h, keyed, setAttr, setText, setVar, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, t, written } from "../text.js";
import { can, isObserver, isTalkingTo, nameOfSeat, viewOf } from "../state.js";

const LINE_CHARS = 1000;
const KEPT = 200; // lines; a page that is open all day must not grow for ever

export class Chat {
  lines = [];
  unread = 0;
  isOpen = false;
  failed = null; // {text, code}: what the server did not pass on
  onTheWay = []; // texts of own lines, oldest first; each is answered by itself or by a refusal

  take(line, isMine) {
    if (isMine) this.onTheWay.shift();
    this.lines = [...this.lines, { ...line, isMine }].slice(-KEPT);
    if (isMine && !this.failed?.text) this.failed = null;
    if (!this.isOpen && !isMine) this.unread += 1;
  }

  refused(code) {
    this.failed = { code, text: this.onTheWay.shift() ?? null };
  }

  // The connection was cut: whether what was on its way got there, nobody can say; who wrote it may send it again.
  cut() {
    if (this.onTheWay.length) this.failed = { code: "not_sure", text: this.onTheWay.join("\n") };
    this.onTheWay = [];
  }

  // The words of what was not passed on, once, for a field in which nothing else stands.
  giveBack() {
    const text = this.failed?.text ?? "";
    if (text) this.failed.text = null;
    return text;
  }

  open(isOpen) {
    this.isOpen = isOpen;
    if (isOpen) this.unread = 0;
  }

  forget() {
    Object.assign(this, { lines: [], unread: 0, isOpen: false, failed: null, onTheWay: [] });
  }
}

// The switch among the controls, with the number of lines not read yet.
export function createChatSwitch(app, { isControl = true } = {}) {
  const { s, chat } = app;
  const mark = h("b", { class: "unread num", hidden: true, dataset: { testid: "unread" } });
  const word = h("span", {}, t("chat.title"));
  const button = h("button", { type: "button", class: isControl ? "ctl ctl--chat" : "btn btn--chat", dataset: { testid: "chat" }, "aria-controls": "chat", onclick: () => app.do.openChat(!chat.isOpen) }, icon("chat"), word, mark);
  return {
    el: button,
    update() {
      show(button, s.session.functions.includes("chat"));
      setAttr(button, "aria-expanded", String(chat.isOpen));
      show(mark, chat.unread > 0);
      setText(mark, String(chat.unread));
      setAttr(button, "aria-label", chat.unread ? t("chat.unread", { n: chat.unread }) : null);
    },
  };
}

export function createChat(app) {
  const { s, chat } = app;
  const el = h("section", { class: "chat", id: "chat", hidden: true, dataset: { testid: "chat-drawer" } });
  let built = null;
  let before = null; // what had the focus when it was opened

  el.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    app.do.openChat(false);
  });

  // Telephones lay their keyboard over the page; the drawer stands on it.
  const viewport = window.visualViewport;
  for (const change of ["resize", "scroll"]) viewport?.addEventListener(change, () => setVar(el, "keyboard", `${viewport.scale > 1 ? 0 : Math.max(0, Math.round(window.innerHeight - viewport.height - viewport.offsetTop))}px`));

  function build() {
    const list = h("ol");
    const log = h("div", { class: "chat__lines", role: "log", "aria-live": "polite", "aria-label": t("chat.title"), tabindex: "0" }, list);
    const field = h("textarea", { class: "chat__field", rows: "2", maxlength: String(LINE_CHARS), "aria-label": t("chat.field"), placeholder: t("chat.field"), dataset: { testid: "chat-field" }, onkeydown: onKey });
    const send = h("button", { type: "submit", class: "btn btn--go", dataset: { testid: "chat-send" } }, t("chat.send"));
    const failed = h("p", { class: "small chat__failed", role: "alert", hidden: true, dataset: { testid: "chat-failed" } });
    const form = h("form", { class: "chat__form", hidden: isObserver(s), onsubmit: onSubmit }, field, send);
    const close = h("button", { type: "button", class: "btn btn--plain chat__close", "aria-label": t("chat.close"), onclick: () => app.do.openChat(false) }, icon("cross"));
    el.replaceChildren(h("header", { class: "chat__head" }, h("h2", { tabindex: "-1" }, t("chat.title")), close), h("p", { class: "small quiet chat__kept" }, t("chat.kept")), log, failed, form);
    setAttr(el, "aria-label", t("chat.title"));
    built = { language: currentLanguage(), list, log, field, send, failed };
  }

  // Enter sends on a keyboard; on a phone it makes a new line, and the button sends. Not while kana are being turned into kanji.
  function onKey(event) {
    const isTouch = window.matchMedia("(pointer: coarse)").matches;
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || isTouch) return;
    onSubmit(event);
  }

  function onSubmit(event) {
    event.preventDefault();
    const text = written(built.field.value);
    if (text && app.do.write(text)) built.field.value = "";
    built.field.focus();
  }

  function line(one) {
    const who = one.isMine ? t("chat.you") : nameOfSeat(s, one.seat);
    return h("li", { class: one.isMine ? "is-mine" : "" }, h("p", { class: "chat__who" }, who, " ", h("time", { class: "num" }, app.write.time(ms(one.at)))), h("p", { class: "chat__text", dir: "auto" }, one.text));
  }

  return {
    el,
    update() {
      const isShown = chat.isOpen && isTalkingTo(s);
      if (isShown && built?.language !== currentLanguage()) build();
      if (el.hidden === isShown) {
        show(el, isShown);
        document.body.classList.toggle("has-chat", isShown && !el.closest(".panel")); // there it covers nothing
        if (isShown) {
          before = document.activeElement;
          built.field.focus();
        } else if (before?.isConnected) before.focus();
      }
      if (!isShown) return;
      el.classList.toggle("on-dark", viewOf(s) === "call"); // as dark as what it lies over
      const last = chat.lines.at(-1);
      const key = last ? `${chat.lines.length}|${last.at}|${last.text}` : "";
      const isNew = built.list.dataset.key !== key;
      keyed(built.list, key, () => (chat.lines.length ? chat.lines.map(line) : h("li", { class: "quiet small" }, t("chat.none"))));
      if (isNew) built.log.scrollTop = built.log.scrollHeight;
      setAttr(built.send, "disabled", !can(s, "chat"));
      show(built.failed, chat.failed !== null);
      if (chat.failed === null) return;
      setText(built.failed, t(`refusal.${chat.failed.code}`) + t("list.stop") + t(`refusal.${chat.failed.code}.next`));
      if (!built.field.value) built.field.value = chat.giveBack();
    },
  };
}
