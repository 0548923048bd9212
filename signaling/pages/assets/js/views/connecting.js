// Before the first word of the server: and if it does not come, what is in the way, as far as that can be known.

import { h, setText, show } from "../dom.js";
import { whyUnreached } from "../blocked.js";
import { t } from "../text.js";
import { head, sign, telephone } from "../parts.js";

const SLOW_MS = 4000;
const ASK_MS = 6000; // several tries have failed by then; what only stutters is back
const AGAIN_MS = 10000;

export function create(app) {
  const h1 = h("h1", { tabindex: "-1" }, t("connecting.title"));
  const words = h("p", { role: "status", hidden: true });
  const again = sign(t("connecting.retry"), { testid: "hurry", onclick: () => app.do.hurry() });
  const foot = h("footer", { class: "actbar", hidden: true }, again, telephone(app));
  const began = performance.now();
  let askedAt = began + ASK_MS - AGAIN_MS;
  let why = null;
  const el = h("div", { class: "phone", dataset: { testid: "connecting" } }, head(app), h("main", { class: "pad stack" }, h1, words), foot);

  async function ask() {
    why = await whyUnreached();
  }

  // What has been heard of the server weighs more than what was asked beside it.
  function reason() {
    if (app.s.isDraining) return "draining";
    return why === "offline" || (why === "blocked" && app.s.hasOpened) ? null : why;
  }

  return {
    el,
    focus: h1,
    update() {
      const now = performance.now();
      if (now - askedAt > AGAIN_MS) {
        askedAt = now;
        ask();
      }
      const told = navigator.onLine ? reason() : "offline";
      el.dataset.why = told ?? "";
      setText(h1, t(told ? `connecting.${told}` : "connecting.title"));
      show(words, told !== null || now - began > SLOW_MS);
      setText(words, t(told ? `connecting.${told}_more` : "connecting.slow"));
      show(foot, told !== null);
    },
  };
}
