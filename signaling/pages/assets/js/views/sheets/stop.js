// To stop at once, in two steps: what it is about; then, knowing what follows, yes. And a word that something does not work, which ends nothing.

import { h, keyed, setText } from "../../dom.js";
import { t } from "../../text.js";
import { isOnPhone } from "../../state.js";
import { nameOf, sign } from "../../parts.js";
import { backTo, createNote, title, words } from "./sheet.js";

export function stopSheet(app) {
  const { s } = app;
  const others = s.session.seats.filter((seat) => seat.seat !== s.you.seat);
  const note = createNote("stop.note");
  const chosen = { kind: null, accused: others.length === 1 ? others[0].seat : null };
  const head = title(t("stop.title"));
  const body = h("div", { class: "stack" });

  const pick = (field, value) => () => {
    chosen[field] = value;
    update();
    head.focus();
  };
  const kinds = () => [
    words(t("stop.choose")),
    sign(t("stop.conduct"), { testid: "stop-conduct", kind: "", small: t("stop.conduct_more"), onclick: pick("kind", "conduct") }),
    sign(t("stop.recording"), { testid: "stop-recording", kind: "", small: t("stop.recording_more"), onclick: pick("kind", "recording") }),
  ];
  const people = () => [words(t("stop.who")), ...others.map((seat) => sign(nameOf(seat), { kind: "", testid: "stop-who", small: t(`role.${seat.role}`), onclick: pick("accused", seat.seat) }))];
  const confirm = () => [
    h("p", {}, t(isOnPhone(s) ? "stop.then_phone" : "stop.then")),
    words(t("stop.then_more")),
    note.el,
    sign(t("stop.yes"), { testid: "stop-yes", kind: "btn--stop", shape: "end", onclick: () => app.do.stop(chosen.kind, chosen.accused, note.text) }),
  ];

  function update() {
    const step = !chosen.kind ? "kinds" : !chosen.accused ? "people" : "confirm";
    setText(head, t(step === "confirm" ? `stop.title_${chosen.kind}` : "stop.title"));
    keyed(body, step, { kinds, people, confirm }[step]);
  }
  return { parts: [head, body, backTo(app)], update };
}

export function problemSheet(app) {
  const note = createNote("problem.note");
  const isOver = app.s.session.phase === "ended";
  return {
    parts: [title(t(isOver ? "after.problem" : "problem.title")), words(t(isOver ? "problem.words_after" : "problem.words")), note.el, sign(t("problem.send"), { testid: "problem-send", onclick: () => app.do.reportProblem(note.text) }), backTo(app)],
  };
}
