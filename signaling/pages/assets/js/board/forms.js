// A question in a dialog: its fields, one button that does it, progress, and a refusal as a sentence. One at a time.

import { append, h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { t } from "../text.js";
import { asRefusal } from "./api.js";
import { momentOf } from "./zone.js";

let ids = 0;

export function createForms(app) {
  const dialog = h("dialog", { class: "bsheet form", dataset: { testid: "form" }, "aria-labelledby": "form-title" });
  const state = { isBusy: false, opener: null, isHeld: () => false };
  // Escape throws nothing away that somebody has written: the form asks first.
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.isComposing && !state.isBusy && state.isHeld()) event.preventDefault();
  });
  dialog.addEventListener("cancel", (event) => {
    if (state.isBusy) event.preventDefault();
  });
  dialog.addEventListener("close", () => {
    if (dialog.open) return; // the next one is open already: the event comes late
    dialog.replaceChildren();
    if (state.opener?.isConnected && state.opener !== document.body) state.opener.focus();
    else app.settle();
  });

  function open(title, ...parts) {
    if (!dialog.open) state.opener = document.activeElement;
    state.isHeld = () => false;
    dialog.replaceChildren();
    append(dialog, [h("h2", { id: "form-title", tabindex: "-1" }, title), ...parts]);
    if (!dialog.open) dialog.showModal();
  }

  const close = () => {
    state.isBusy = false;
    if (dialog.open) dialog.close();
  };

  // ask: {kind, title, lead, fields, foot, more, button, isGrave, send(values), done, at(refusal), onRefused, sure(values)}; send may throw a
  // Refusal, which stays on show: beside the fields that `at` names, else over the buttons. more: what the fold is called that has the
  // fields `isMore`. foot(values): what follows from what is chosen now, over the buttons. sure: {words, button} of what is asked once more before it is sent, or null
  function ask({ kind, title, lead = [], fields = [], foot = null, more = "", button, isGrave = false, send, done = null, at = () => [], onRefused = null, sure = () => null }) {
    const made = fields.map((field) => createField(field, app));
    const values = () => Object.fromEntries(made.map((field) => [field.name, field.value()]));
    const refusal = createRefusal();
    const label = h("span", {}, button);
    const submit = h("button", { type: "submit", class: `btn ${isGrave ? "btn--stop" : "btn--go"}`, dataset: { testid: "form-submit" } }, label);
    const back = h("button", { type: "button", class: "btn", dataset: { testid: "form-back" }, onclick: close }, t("board.form.back"));
    const row = h("div", { class: "form__do" }, submit, back);
    const doubt = createDoubt(row, () => (made.find((field) => field.isTyped()) ?? made[0]).focus());
    const follows = foot && h("p", { class: "form__foot", role: "status", dataset: { testid: "form-foot" } });
    const follow = () => {
      made.forEach((field) => field.follow(values));
      if (foot) setText(follows, foot(values()));
    };
    const fold = more && h("details", { class: "form__more" }, h("summary", {}, more), made.filter((field) => field.isMore).map((field) => field.el));
    const form = h(
      "form",
      { novalidate: true, class: "form__in", oninput: typed, onchange: follow, onsubmit: (event) => submitted(event) },
      [lead].flat().map((words) => h("p", { class: "small" }, words)),
      made.filter((field) => !field.isMore).map((field) => field.el),
      fold,
      follows,
      refusal.el,
      doubt.el,
      row,
    );

    // Whoever goes on writing has answered the question.
    function typed() {
      doubt.settle();
      follow();
    }

    function submitted(event) {
      event.preventDefault();
      if (state.isBusy) return;
      doubt.settle();
      const wrong = made.filter((field) => !field.check());
      if (wrong.length) {
        goTo(wrong[0]);
        return;
      }
      const question = sure(values());
      if (question) doubt.ask({ ...question, yes: sendIt });
      else sendIt();
    }

    async function sendIt() {
      setBusy(true);
      refusal.clear();
      try {
        const answer = await send(values());
        close();
        if (done) app.told(typeof done === "function" ? done(answer) : done);
      } catch (error) {
        setBusy(false);
        const refused = asRefusal(error);
        onRefused?.(refused);
        follow();
        const named = at(refused);
        const places = made.filter((field) => named.includes(field.name) && field.isShown());
        if (!places.length) refusal.say(refused);
        for (const field of places) field.say(refused);
        if (places.length) goTo(places[0]);
      }
    }

    function goTo(field) {
      if (field.isMore) fold.open = true;
      field.focus();
    }

    function setBusy(isBusy) {
      state.isBusy = isBusy;
      setAttr(form, "aria-busy", isBusy ? "true" : null);
      for (const control of form.elements) control.disabled = isBusy;
      setText(label, isBusy ? t("board.form.sending") : button);
    }

    // Whether it stays, with the question on show; asked for a second time it goes back to what was written.
    function isHeld() {
      if (doubt.isOpen()) doubt.back();
      else if (made.some((field) => field.isTyped())) doubt.ask({ words: t("board.form.discard"), button: t("board.form.discard_yes"), yes: close });
      else return false;
      return true;
    }

    open(title, form);
    state.isHeld = isHeld;
    setAttr(dialog, "data-kind", kind);
    follow();
    (made.find((field) => field.isShown()) ?? back).focus();
    return { follow };
  }

  // Something to read, without a question.
  function tell(kind, title, ...parts) {
    open(title, ...parts, h("div", { class: "form__do" }, h("button", { type: "button", class: "btn", dataset: { testid: "form-back" }, onclick: close }, t("board.form.close"))));
    setAttr(dialog, "data-kind", kind);
    dialog.querySelector("h2").focus();
  }

  return { el: dialog, ask, tell, close, isOpen: () => dialog.open };
}

// A question over the buttons, in whose place it stands until it is answered; goBack(): to what was written.
function createDoubt(row, goBack) {
  const el = h("div", { class: "note form__doubt", role: "alert", hidden: true, dataset: { testid: "form-doubt" } });
  const isOpen = () => !el.hidden;

  function settle() {
    show(el, false);
    show(row, true);
  }

  function back() {
    settle();
    goBack();
  }

  function ask({ words, button, yes }) {
    // The second half of a double press is no answer.
    const answered = (event) => event.detail < 2 && (settle(), yes());
    const no = h("button", { type: "button", class: "btn", dataset: { testid: "doubt-no" }, onclick: back }, t("board.form.to_input"));
    el.replaceChildren(h("p", {}, h("b", {}, words)), h("div", { class: "form__do" }, h("button", { type: "button", class: "btn", dataset: { testid: "doubt-yes" }, onclick: answered }, button), no));
    show(row, false);
    show(el, true);
    no.focus();
  }

  return { el, isOpen, settle, back, ask };
}

// A refusal: what is so, what to do, and the code for whoever asks.
export function createRefusal() {
  const el = h("div", { class: "note note--bad", role: "alert", hidden: true, dataset: { testid: "refused" } });
  return {
    el,
    clear: () => show(el, false),
    say(refusal) {
      el.dataset.code = refusal.code;
      el.replaceChildren(icon("cross"), h("p", {}, h("b", {}, refusal.sentence), refusal.next, " ", h("span", { class: "quiet nb" }, t("refusal.code", { code: refusal.code }))));
      show(el, true);
    },
  };
}

// field: {name, kind: text|line|choice|select|moment|check, label, hint, options: [{value, word, more}], value, isNeeded, isMore, max, input,
// isFor(values)}; a hint may be hint(values)
function createField(field, app) {
  const id = `field-${(ids += 1)}`;
  const wrong = h("p", { class: "field__wrong", id: `${id}-wrong`, hidden: true });
  const hint = field.hint && h("p", { class: "field__hint", id: `${id}-hint` }, typeof field.hint === "string" && field.hint);
  const control = CONTROLS[field.kind](field, id);
  const el = h("div", { class: `field field--${field.kind}`, dataset: { field: field.name } }, control.parts, hint, wrong);
  const missing = { moment: "board.form.moment_missing", select: "board.form.choose", choice: "board.form.choose" }[field.kind] ?? "board.form.missing";
  const about = [hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(" ");
  for (const input of control.inputs) setAttr(input, "aria-describedby", about);
  const given = () => {
    const value = el.hidden ? null : control.value();
    return field.kind === "moment" && value ? momentOf(value, app.zone) : value;
  };

  function say(words, next = "") {
    wrong.replaceChildren(words, next && h("span", {}, next));
    show(wrong, words !== "");
    for (const input of control.inputs) setAttr(input, "aria-invalid", words ? "true" : null);
    return words === "";
  }

  return {
    el,
    name: field.name,
    isMore: Boolean(field.isMore),
    isShown: () => !el.hidden,
    isTyped: () => !el.hidden && ["text", "line"].includes(field.kind) && (control.value() ?? "") !== (field.value ?? ""),
    value: given,
    // What the server says of this field; of a body that is wrong it says which field, in words for programs.
    say: (refusal) => (refusal.code === "bad_field" ? say(t(field.input === "email" ? "board.form.wrong_mail" : "board.form.wrong")) : say(refusal.sentence, refusal.next)),
    focus: () => (control.inputs.find((input) => input.checked) ?? control.inputs[0]).focus(),
    follow(values) {
      show(el, field.isFor ? field.isFor(values()) : true);
      if (field.limit) control.limit(field.limit(values()));
      if (typeof field.hint === "function") setText(hint, field.hint(values())); // of what may be chosen now
    },
    check() {
      if (el.hidden) return say("");
      const value = given();
      const isEmpty = value === null || value === "" || value === false;
      const isNeeded = typeof field.isNeeded === "function" ? field.isNeeded() : field.isNeeded;
      return say(isNeeded && isEmpty ? t(missing) : "");
    },
  };
}

const CONTROLS = {
  text(field, id) {
    const input = h("textarea", { id, rows: "3", maxlength: String(field.max ?? 500) });
    return { parts: [h("label", { for: id }, field.label), input], inputs: [input], value: () => input.value.trim() || null };
  },
  line(field, id) {
    // What is noted here is about others: no browser keeps it for the next time.
    const input = h("input", { id, type: "text", inputmode: field.input, autocomplete: "off", maxlength: String(field.max ?? 100), value: field.value ?? "" });
    return { parts: [h("label", { for: id }, field.label), input], inputs: [input], value: () => input.value.trim() || null };
  },
  moment(field, id) {
    const input = h("input", { id, type: "datetime-local", value: field.value ?? "" });
    return { parts: [h("label", { for: id }, field.label), input], inputs: [input], value: () => input.value || null };
  },
  check(field, id) {
    const input = h("input", { id, type: "checkbox" });
    return { parts: [h("label", { class: "tick", for: id }, input, h("span", {}, h("b", {}, field.label)))], inputs: [input], value: () => input.checked };
  },
  select(field, id) {
    const option = (one) => h("option", { value: one.value, selected: one.value === field.value, disabled: Boolean(one.isOff) }, one.word);
    const input = h("select", { id }, field.options.map(option));
    return {
      parts: [h("label", { for: id }, field.label), input],
      inputs: [input],
      value: () => input.value || null,
      // Only these may be chosen now.
      limit(values) {
        for (const one of input.options) one.disabled = one.hidden = !values.includes(one.value);
        if (!values.includes(input.value)) input.value = values[0] ?? "";
      },
    };
  },
  choice(field, id) {
    const inputs = field.options.map((one) => h("input", { type: "radio", name: `${id}-${field.name}`, value: one.value, checked: one.value === field.value }));
    const rows = field.options.map((one, at) => h("label", { class: "tick" }, inputs[at], h("span", {}, h("b", {}, one.word), one.more && h("small", {}, one.more))));
    return { parts: [h("fieldset", {}, h("legend", {}, field.label), rows)], inputs, value: () => inputs.find((input) => input.checked)?.value ?? null };
  },
};
