// Whether the call is encrypted from end to end, in one line; and more about it in a sheet. Only what is so now.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { isSupporter, nameOfSeat } from "../state.js";
import { telephone } from "../parts.js";
import { t } from "../text.js";
import { backTo, title, words } from "./sheets/sheet.js";

const PATIENCE_MS = 2000; // shorter than that nobody reads it

// With how many: somebody whom nobody sees would be one more.
function told({ state, people }) {
  const word = state === "off" ? "agreeing" : state;
  return t(`secrecy.${word}`, { n: people.length });
}

export const spaced = (code) => `${code.slice(0, 3)} ${code.slice(3)}`;

// isBrief(): where the line shares its place with others
export function createSecrecy(app, { isBrief = () => false } = {}) {
  const { s, encryption } = app;
  const lock = icon("lock", "i--s");
  const open = icon("unlocked", "i--s is-open");
  const word = h("span");
  const code = h("b", { class: "num", dataset: { testid: "e2ee-code" } });
  const el = h("button", { type: "button", class: "secrecy", hidden: true, dataset: { testid: "e2ee" }, "aria-haspopup": "dialog", onclick: () => app.do.openSheet("secrecy") }, lock, open, word, code);
  let since = { state: null, at: 0 };
  return {
    el,
    update() {
      const { state } = encryption;
      if (since.state !== state) since = { state, at: s.now };
      const isShown = state === "on" || state === "plain" || (state === "agreeing" && s.now - since.at > PATIENCE_MS);
      show(el, isShown);
      setAttr(el, "data-state", state);
      setAttr(lock, "hidden", state === "plain"); // a closed lock would say the contrary
      setAttr(open, "hidden", state !== "plain");
      if (isShown) setText(word, state === "on" ? t(isBrief() ? "secrecy.on_brief" : "secrecy.on_short", { n: encryption.people.length }) : told(encryption));
      show(code, state === "on");
      if (state === "on") setText(code, spaced(encryption.code));
    },
  };
}

export function secrecySheet(app) {
  const { s, encryption } = app;
  const names = () => encryption.people.map((seat) => nameOfSeat(s, seat)).join(t("list.and"));
  const body = h("div", { class: "stack" });
  return {
    parts: [title(t("secrecy.title")), body, backTo(app)],
    update() {
      const { state, code, people } = encryption;
      keyed(body, `${state}|${code}|${people}`, () => [
        words(told(encryption)),
        state === "on" && h("p", { class: "code num" }, spaced(code)),
        state === "on" && words(t("secrecy.compare", { n: people.length, names: names() })),
        state === "on" && !isSupporter(s) && s.programme.telephone && telephone(app),
        words(t(`secrecy.${state === "on" ? "on_more" : state === "plain" ? "plain_more" : "agreeing_more"}`)),
      ].filter(Boolean));
    },
  };
}
