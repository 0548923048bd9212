// What the guests answered to the programme's questionnaire (IX 15-2): read when a session that is over is opened, and kept nowhere.

import { h, keyed, show } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, pick, t } from "../text.js";

const ASKED_AFTER = new Set(["completed", "interrupted"]);
const POINTS = 5;

export function createAnswers(app) {
  const body = h("div");
  const el = h("section", { class: "drawer__answers", hidden: true, dataset: { testid: "answers" } }, h("h3", {}, t("board.part.answers")), body);
  let read = { id: null, found: null };

  async function ask(id) {
    read = { id, found: null };
    const found = await app.api.get(`/sessions/${encodeURIComponent(id)}/questionnaire`).catch(() => null);
    if (read.id !== id) return;
    read.found = found;
    app.draw();
  }

  return {
    el,
    update(session) {
      const isAsked = app.isScheduler() && session.phase === "ended" && ASKED_AFTER.has(session.outcome);
      if (isAsked && read.id !== session.id) ask(session.id);
      const found = isAsked && read.id === session.id ? read.found : null;
      show(el, Boolean(found?.questions.length || found?.answers.length));
      keyed(body, JSON.stringify([found, currentLanguage()]), () => (found ? answersOf(found, session, app) : []));
    },
    forget: () => (read = { id: null, found: null }),
  };
}

function answersOf({ questions, answers }, session, app) {
  if (!answers.length) return [h("p", { class: "small quiet" }, t("board.answers_none"))];
  return answers.flatMap(({ seat, at, values }) => {
    const name = session.participants.find((one) => one.seat === seat)?.display_name ?? seat;
    const row = ([key, value]) => {
      const question = questions.find((one) => one.key === key); // an older one may be gone from the programme
      return [h("dt", {}, question ? pick(question.words) : key), h("dd", {}, wordsOf(question, value))];
    };
    return [h("p", { class: "small" }, t("board.answered_by", { name, time: app.write.stamp(ms(at)) })), h("dl", { class: "answers small" }, Object.entries(values).flatMap(row))];
  });
}

function wordsOf(question, value) {
  if (typeof value === "number") return t("board.answer_point", { value, most: POINTS });
  const option = question?.options.find((one) => one.key === value);
  return option ? pick(option.words) : h("q", {}, value);
}
