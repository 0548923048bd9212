// Notes to oneself: in this browser alone, per session, gone some days after it. Nothing of them is ever sent.

import { h, show } from "../dom.js";
import { keep, keptKeys, keptObject } from "../kept.js";
import { ms } from "../clock.js";
import { t } from "../text.js";

const PREFIX = "madoguchi.memo.";
const KEPT_MS = 3 * 86400000;
const LONGEST = 4000;

export class Memos {
  constructor(now) {
    for (const key of keptKeys(PREFIX)) if (!(keptObject(key)?.until > now)) keep(key, null);
  }

  read = (id) => keptObject(PREFIX + id)?.text ?? "";

  // An empty one is no longer kept.
  write(session, text) {
    keep(PREFIX + session.id, text ? JSON.stringify({ text: text.slice(0, LONGEST), until: ms(session.ends_at) + KEPT_MS }) : null);
  }
}

// A field for one session at a time; another tab of the same browser shows what is written here.
export function createMemo(memos) {
  const field = h("textarea", { class: "memo", maxlength: String(LONGEST), "aria-label": t("memo.title"), dataset: { testid: "memo" }, oninput: () => session && memos.write(session, field.value) });
  const note = h("p", { class: "small quiet" }, t("memo.local"));
  let session = null;
  window.addEventListener("storage", ({ key }) => {
    if (session && key === PREFIX + session.id && field.value !== memos.read(session.id)) field.value = memos.read(session.id);
  });
  return {
    el: [field, note],
    field,
    update(shown) {
      show(field, shown !== null);
      if (shown?.id !== session?.id) field.value = shown ? memos.read(shown.id) : "";
      session = shown;
    },
  };
}
