// How a person stands in a programme: strikes, under review, decisions; and the decision itself, with its reason.

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { asRefusal } from "./api.js";
import { nameOfPerson, outcomeWords } from "./words.js";

const path = (programme, person) => `/standing/${encodeURIComponent(programme)}/${encodeURIComponent(person)}`;

// one: {person, display_name} of a seat or a task
export async function openStanding(programme, one, app) {
  try {
    const standing = await app.api.get(path(programme, one.person));
    show(programme, one, standing, app);
  } catch (error) {
    app.refused(asRefusal(error));
  }
}

function show(programme, one, standing, app) {
  const { lines, decisions } = standing;
  app.learn(decisions.map((decision) => decision.by));
  const name = one.display_name ?? t("board.somebody");
  const fact = (key, value) => h("div", {}, h("dt", {}, t(`standing.${key}`)), h("dd", {}, value));
  app.forms.tell(
    "standing",
    t("standing.title", { name }),
    h("p", { class: "verdict__word", dataset: { testid: "standing", state: standing.state, review: String(standing.under_review) } }, h("b", {}, t(`standing_state.${standing.state}`)), standing.under_review && h("span", { class: "tag" }, t("standing.under_review"))),
    h("dl", { class: "kv" }, fact("strikes", t("standing.count", { n: standing.strikes })), fact("bookings_coming", t("standing.count", { n: standing.bookings.length })), typeof standing.quota_left === "number" && fact("quota_left", t("standing.count", { n: standing.quota_left }))),
    lines.length > 0 && [h("h3", {}, t("standing.lines")), h("ol", { class: "ev ev--days" }, lines.map((line) => lineOf(line, app)))],
    decisions.length > 0 && [h("h3", {}, t("standing.decisions")), h("ol", { class: "ev ev--days" }, decisions.map((decision) => decisionOf(decision, app)))],
    h("div", { class: "do" }, choicesOf(standing).map((kind) => h("button", { type: "button", class: `btn${kind === "reinstated" ? "" : " btn--stop"}`, dataset: { testid: `decide-${kind}` }, onclick: () => decide(programme, one, standing, kind, app) }, t(standing.state === "good" && kind === "reinstated" ? "standing.do.cleared" : `standing.do.${kind}`)))),
  );
}

const choicesOf = (standing) => ["suspended", "refused", "reinstated"].filter((kind) => (kind === "reinstated" ? standing.state !== "good" || standing.under_review || standing.strikes > 0 : kind !== standing.state));

function lineOf(line, app) {
  const marks = [line.strike && t("standing.strike"), line.review && t("standing.review"), line.quota && t(`standing.quota.${line.quota}`)].filter(Boolean).join(t("list.and"));
  return h("li", { class: line.strike || line.review ? "hot" : null }, h("time", { class: "num", datetime: line.at }, app.write.stamp(ms(line.at))), h("span", {}, outcomeWords(line.outcome, line.cause), marks && ` ${t("standing.marks", { marks })}`));
}

function decisionOf(decision, app) {
  return h("li", {}, h("time", { class: "num", datetime: decision.at }, app.write.stamp(ms(decision.at))), h("span", {}, t("standing.decided", { kind: t(`standing_state.${decision.kind}`), by: nameOfPerson(decision.by, app) }), decision.reason && h("q", { class: "said" }, decision.reason)));
}

function decide(programme, one, standing, kind, app) {
  const bookings = ["keep", "cancel"].map((value) => ({ value, word: t(`standing.bookings.${value}`), more: t(`standing.bookings.${value}.more`) }));
  app.forms.ask({
    kind: "decide",
    title: t(`standing.ask.${kind}`, { name: one.display_name ?? t("board.somebody") }),
    lead: t(`standing.lead.${kind}`),
    fields: [
      { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("standing.reason_hint"), isNeeded: true },
      kind !== "reinstated" && { name: "bookings", kind: "choice", label: t("standing.bookings"), value: "keep", options: bookings },
    ].filter(Boolean),
    button: t(`standing.do.${kind}`),
    isGrave: kind !== "reinstated",
    send: async ({ reason, bookings: choice = "keep" }) => {
      const body = { kind, reason, number: standing.number, bookings: choice ?? "keep" };
      const answer = await app.api.post(`${path(programme, one.person)}/decisions`, body);
      app.refresh(app.openId());
      return answer;
    },
    done: t(`standing.done.${kind}`),
  });
}
