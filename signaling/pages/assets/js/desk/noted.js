// What the office noted about the seeker at the booking: only on request, for it is on record who reads it.

import { h, keyed, setAttr, show } from "../dom.js";
import { icon } from "../icons.js";
import { currentLanguage, t } from "../text.js";

// state: {session, isAsking, noted, refusal} of one session; read(): asks for it
// refusal: {sentence, next} or null
export function createNoted(read) {
  const body = h("div", { class: "noted__body" });
  const el = h("section", { class: "noted", dataset: { testid: "noted" } }, h("h2", {}, t("noted.title")), body);
  const close = (state) => () => {
    state.noted = null;
    draw(state);
    body.querySelector("button")?.focus();
  };
  const line = (word, text) => h("div", {}, h("dt", {}, t(word)), h("dd", { class: "noted__text" }, text || t("noted.none")));
  const shut = (state) => [
    h("button", { type: "button", class: "btn", dataset: { testid: "noted-open" }, onclick: () => read() }, icon("lock", "i--s"), t("noted.open")),
    h("p", { class: "small quiet" }, t("noted.record")),
    state.refusal && h("p", { class: "small hot", role: "alert", dataset: { testid: "noted-refused" } }, `${state.refusal.sentence}${t("list.stop")}${state.refusal.next}`),
  ];
  const open = (state) => [
    h("dl", { class: "kv", tabindex: "-1" }, line("noted.reference", state.noted.reference), line("noted.note", state.noted.note)),
    h("button", { type: "button", class: "btn btn--s", dataset: { testid: "noted-close" }, onclick: close(state) }, t("noted.close")),
  ];

  function draw(state) {
    const isOpen = state.noted !== null;
    const wasOpen = body.dataset.open === "true";
    keyed(body, JSON.stringify([state.session, state.noted, state.refusal && [state.refusal.sentence, state.refusal.next], currentLanguage()]), () => (isOpen ? open(state) : shut(state)));
    body.dataset.open = String(isOpen);
    setAttr(body.querySelector("[data-testid='noted-open']") ?? body, "disabled", state.isAsking || null);
    if (isOpen && !wasOpen) body.querySelector("dl").focus({ preventScroll: true });
  }

  return {
    el,
    update(state) {
      show(el, state !== null);
      if (state !== null) draw(state);
    },
  };
}

export const unread = (session) => ({ session, isAsking: false, noted: null, refusal: null });
