// The full text of the terms behind the short one. It may be long, so it comes only when somebody opens it.

import { h, keyed, show } from "../dom.js";
import { currentLanguage, t } from "../text.js";

export function createTerms(app) {
  const { s } = app;
  let askedOn = null; // the connection on which it was asked for: what was said on a lost one is said again
  const summary = h("summary", { dataset: { testid: "terms" } }, t("door.terms_full"));
  const coming = h("p", { class: "quiet", role: "status" }, t("door.terms_coming"));
  const text = h("div", { class: "terms__text", dataset: { testid: "terms-text" } });
  const close = h("button", { type: "button", class: "btn", dataset: { testid: "terms-close" }, onclick: shut }, t("door.terms_close"));
  const el = h("details", { class: "terms", hidden: !s.programme.has_full_terms, open: s.isReadingTerms, ontoggle: update }, summary, coming, text, close);

  // At the end of a long text the way back is far.
  function shut() {
    el.open = false;
    summary.focus({ preventScroll: true });
    summary.scrollIntoView({ block: "center" });
  }

  function update() {
    s.isReadingTerms = el.open;
    if (!el.open) return;
    const language = currentLanguage();
    const words = s.terms?.language === language ? s.terms.text : null;
    if (words === null && s.isOnline && askedOn !== s.you.connection && app.do.readTerms(language)) askedOn = s.you.connection;
    show(coming, words === null);
    show(close, words !== null);
    keyed(text, words ?? "", () => (words ?? "").split(/\n\s*\n/).map((paragraph) => h("p", {}, paragraph)));
  }

  return { el, update };
}
