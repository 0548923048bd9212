// The keys of the board. Single letters can be turned off: some people speak to their computer, or press keys by accident (WCAG 2.1.4).

import { h } from "../dom.js";
import { t } from "../text.js";

const OFF = "madoguchi.keys_off";
const ARROWS = ["←", "→", "↑", "↓"];
const LETTERS = ["/", "b", "v", "n", "t", "?"];

function isOff() {
  try {
    return localStorage.getItem(OFF) === "1";
  } catch {
    return false;
  }
}

function turn(areOn) {
  try {
    localStorage.setItem(OFF, areOn ? "0" : "1");
  } catch {
    // they stay as they are
  }
}

const isTyping = (target) => target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target?.isContentEditable;

// does: {"/": find, b: a new booking, v: other view, n: now, t: to-do, "?": help, Escape: back}; isBusy(): a question is open
export function listen(does, isBusy) {
  window.addEventListener("keydown", (event) => {
    if (isBusy() || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") {
      does.Escape(event);
      return;
    }
    if (!LETTERS.includes(event.key) || isTyping(event.target) || isOff()) return;
    event.preventDefault();
    does[event.key]();
  });
}

export function showKeys(app) {
  const line = (keys, key) => h("div", {}, h("dt", {}, keys.map((one) => h("kbd", {}, one))), h("dd", {}, t(`board.key.${key}`)));
  const areOn = h("input", { type: "checkbox", id: "keys-on", checked: !isOff(), onchange: () => turn(areOn.checked) });
  app.forms.tell(
    "keys",
    t("board.keys"),
    h("dl", { class: "kv keys" }, line(ARROWS, "arrows"), line(["Home", "End"], "ends"), line(["Enter"], "enter"), line(["Esc"], "escape"), line(["/"], "find"), line(["b"], "book"), line(["v"], "view"), line(["n"], "now"), line(["t"], "todo"), line(["?"], "help"), line([t("board.key.twice")], "place")),
    h("label", { class: "tick", for: "keys-on" }, areOn, h("span", {}, h("b", {}, t("board.keys_on")), h("small", {}, t("board.keys_on.more")))),
  );
}
