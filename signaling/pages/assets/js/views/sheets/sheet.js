// What every sheet has: a heading that takes the focus, and where it leads back to.

import { h } from "../../dom.js";
import { t, written } from "../../text.js";
import { sign } from "../../parts.js";

export const NOTE_CHARS = 500;

export const title = (words) => h("h2", { tabindex: "-1" }, words);

export const words = (text) => h("p", { class: "small" }, text);

export const backTo = (app, key = "sheet.back") => sign(t(key), { kind: "btn--plain bsheet__back", shape: "", testid: "sheet-back", onclick: () => app.do.closeSheet() });

// A few sentences for the office; never sent empty.
export function createNote(label) {
  const field = h("textarea", { class: "memo memo--note", rows: "3", maxlength: String(NOTE_CHARS), dataset: { testid: "note" } });
  return {
    el: h("label", { class: "small note-field" }, t(label), field),
    get text() {
      return written(field.value) || null;
    },
  };
}
