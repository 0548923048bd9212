// What the programme asks afterwards (IX 15-2): a few questions, all on one card, sent once.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { pick, t, written } from "../text.js";

const POINTS = [1, 2, 3, 4, 5];
const LONGEST = 500; // characters of an answer

export function createQuestions(app) {
  const { s } = app;
  const form = h("form", { class: "sheet questions", novalidate: true, onsubmit: send, dataset: { testid: "questions" } });
  const missing = h("p", { class: "small hot", role: "alert", hidden: true, id: "questions-missing" });
  const button = h("button", { type: "submit", class: "btn", dataset: { testid: "questions-send" } }, t("questions.send"));
  const thanks = h("div", { class: "note note--done", role: "status", tabindex: "-1", hidden: true, dataset: { testid: "questions-done" } }, icon("tick"), h("p", {}, t("questions.done")));
  const lead = h("p", { class: "pad-s small quiet" }, t("questions.lead"));
  const el = h("section", { class: "sec", hidden: true }, h("h2", {}, t("questions.title")), lead, form, thanks);

  let wasSent = false;

  function send(event) {
    event.preventDefault();
    const answers = {};
    for (const { key, kind } of s.questionnaire.questions) {
      const value = kind === "text" ? written(s.answers[key] ?? "") : s.answers[key];
      if (value !== undefined && value !== "") answers[key] = value;
    }
    const needed = s.questionnaire.questions.find(({ key, optional }) => !optional && !(key in answers));
    const isMissing = Boolean(needed) || Object.keys(answers).length === 0;
    sayMissing(isMissing, needed);
    if (isMissing) return;
    wasSent = true;
    app.do.answerQuestions(answers);
  }

  // Below the question that wants an answer, and its first field has the focus.
  function sayMissing(isMissing, needed = undefined) {
    show(missing, isMissing);
    for (const field of form.querySelectorAll("[aria-describedby]")) setAttr(field, "aria-describedby", null);
    if (!isMissing) return;
    const field = form.querySelector(needed ? `[name="${needed.key}"]` : "input, textarea");
    setText(missing, needed ? t("questions.missing", { question: pick(needed.words) }) : t("questions.empty"));
    field.closest(".question").append(missing);
    setAttr(field, "aria-describedby", missing.id);
    field.focus();
  }

  return {
    el,
    update() {
      const asked = s.questionnaire;
      show(el, asked !== null);
      if (asked === null) return;
      show(form, !asked.is_answered);
      show(lead, !asked.is_answered);
      show(thanks, asked.is_answered);
      if (wasSent && asked.is_answered) thanks.focus({ preventScroll: true }); // where the form had it
      if (asked.is_answered) wasSent = false;
      keyed(form, asked.questions.map((one) => one.key).join(), () => [...asked.questions.map((one) => question(one, s, () => sayMissing(false))), missing, button]);
      setAttr(button, "disabled", !s.isOnline || s.isAnswering);
    },
  };
}

// What was chosen or written is kept until it is sent, also over a change of language.
function question(one, s, onChange) {
  const note = (value) => () => {
    s.answers[one.key] = value;
    onChange();
  };
  const words = [pick(one.words), one.optional ? h("small", { class: "questions__needed" }, t("questions.optional")) : h("small", { class: "questions__needed" }, t("questions.needed"))];
  if (one.kind === "text") {
    const field = h("textarea", { class: "memo memo--note", rows: "3", maxlength: String(LONGEST), name: one.key, oninput: () => note(field.value)() });
    field.value = s.answers[one.key] ?? "";
    return h("label", { class: "question note-field" }, h("span", { class: "question__words" }, words), field);
  }
  const radio = (value) => h("input", { type: "radio", name: one.key, checked: s.answers[one.key] === value, dataset: { value: String(value) }, onchange: note(value) });
  const legend = h("legend", { class: "question__words" }, words);
  if (one.kind === "choice") return h("fieldset", { class: "question" }, legend, one.options.map(({ key, words: option }) => h("label", { class: "tick" }, radio(key), h("span", {}, pick(option)))));
  const ends = { 1: t("questions.least"), 5: t("questions.most") };
  const point = (value) => h("label", { class: "tick point" }, radio(value), h("span", {}, h("span", { class: "num" }, String(value)), ends[value] && h("span", { class: "vh" }, ends[value])));
  return h("fieldset", { class: "question" }, legend, h("div", { class: "points" }, POINTS.map(point)), h("p", { class: "points__ends small quiet", "aria-hidden": "true" }, h("span", {}, ends[1]), h("span", {}, ends[5])));
}
