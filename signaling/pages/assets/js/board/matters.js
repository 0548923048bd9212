// What of a session waits for somebody: tasks, incidents, another date, the next session, a telephone call, «finished?».

import { h } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { answerFinish, bookDate, callsOf, choose, decline, reportCall, resolveIncident, tickOff } from "./actions.js";
import { roleOf } from "./history.js";
import { figuresOf, kindOfTask, nameOfPerson } from "./words.js";

const button = (testid, words, onclick, extra = "") => h("button", { type: "button", class: `btn btn--s ${extra}`.trim(), dataset: { testid }, onclick }, words);

export function mattersOf(session, app) {
  const parts = [finish(session, app), call(session, app), tasks(session, app), incidents(session, app), date(session, "reschedule", app), date(session, "next", app)].filter(Boolean);
  return parts.length ? parts : [h("p", { class: "quiet" }, t("board.matters_none"))];
}

// Both closed their pages: was it finished? (product.md, Goodbye)
function finish(session, app) {
  if (!app.row(session.id)?.goodbye || session.phase === "ended") return null;
  return h(
    "div",
    { class: "note", dataset: { testid: "finish" } },
    h("p", {}, h("b", {}, t("board.finish")), t("board.finish_words")),
    h("div", { class: "do" }, button("finish-yes", t("board.finish_yes"), () => answerFinish(session, true, app)), button("finish-no", t("board.finish_no"), () => answerFinish(session, false, app))),
  );
}

function call(session, app) {
  const states = callsOf(session);
  if (!states.length) return null;
  const last = app.row(session.id)?.call;
  return h(
    "section",
    { class: "matter" },
    h("h4", {}, t("board.calls")),
    h("p", { class: "small quiet" }, t(session.medium === "phone" ? "board.calls_phone" : "board.calls_beside"), last && h("b", { class: "nb" }, t("board.calls_last", { state: t(`phone_call.${last}`) }))),
    h("div", { class: "do" }, states.map((state) => button(`call-${state}`, t(`phone_call.${state}`), () => reportCall(session, state, app)))),
  );
}

function tasks(session, app) {
  if (!app.isScheduler()) return null;
  const open = (session.tasks ?? []).filter((task) => !task.done_at && !task.id.startsWith("incident-"));
  const done = app.doneOf(session.id);
  if (!open.length && !done.length) return null;
  return h(
    "section",
    { class: "matter", dataset: { testid: "tasks" } },
    h("h4", {}, t("board.tasks")),
    h(
      "ul",
      { class: "lines" },
      open.map((task) => h("li", { dataset: { task: task.id } }, h("p", {}, h("b", {}, t(`task.${task.kind}`)), " ", h("span", { class: "quiet nb" }, t("board.due", { time: app.write.stamp(ms(task.due_at)) }))), h("p", { class: "small" }, t(`task.${task.kind}.more`)), button("task-done", t("board.do.done_open"), () => tickOff(session, task, app)))),
      done.map((one) => h("li", { class: "is-done", dataset: { task: one.task } }, icon("tick", "i--s"), t("board.done_by", { task: t(`task.${kindOfTask(one.task)}`), by: nameOfPerson(one.by, app), time: app.write.stamp(ms(one.at)) }), noteWords(session, `task-${one.task}`, app))),
    ),
  );
}

function incidents(session, app) {
  const all = session.incidents ?? [];
  if (!all.length) return null;
  return h("section", { class: "matter", dataset: { testid: "incidents" } }, h("h4", {}, t(all.every((one) => one.kind === "technical") ? "task.technical" : "board.incidents")), h("ul", { class: "lines" }, all.map((one) => incident(session, one, app))));
}

function incident(session, one, app) {
  const accused = one.accused ? t("board.incident_accused", { accused: t(`who.${roleOf(one.accused)}`) }) : "";
  const what = t("board.incident_filed", { kind: t(`board.incident.${one.kind}`), by: one.by_role ? t(`who.${one.by_role}`) : nameOfPerson(one.by, app), time: app.write.stamp(ms(one.at)) });
  return h(
    "li",
    { class: one.resolved_at ? "is-done" : null, dataset: { incident: one.id } },
    h("p", {}, h("b", {}, what), " ", accused, one.stopped && ` ${t("board.incident_stopped")}`),
    noteWords(session, one.id, app),
    one.resolved_at
      ? h("p", { class: "small" }, icon("tick", "i--s"), t("board.resolved_by", { by: nameOfPerson(one.resolved_by ?? "scheduler", app), time: app.write.stamp(ms(one.resolved_at)) }), noteWords(session, `${one.id}-resolved`, app))
      : app.isScheduler() && h("p", {}, button("resolve", t("board.do.resolve_open"), () => resolveIncident(session, one, app)), " ", h("span", { class: "quiet nb" }, t("board.due", { time: app.write.stamp(ms(one.due_at)) }))),
  );
}

// Free text of a session is kept apart, erasable, and for schedulers only.
function noteWords(session, key, app) {
  const words = app.noteOf(session.id, key);
  if (!words) return null;
  const { said, figures } = figuresOf(words);
  return [said && h("q", { class: "said", dataset: { note: key } }, said), figures && h("span", { class: "small quiet", dataset: { testid: "figures" } }, figures)];
}

// purpose: another date for this session (IX 6-7), or the next one (KUMAGAYA 6(2)).
function date(session, purpose, app) {
  const one = purpose === "reschedule" ? session.reschedule : session.following;
  if (!one) return null;
  const isOpen = one.state === "open";
  const expires = isOpen && t("board.expires", { time: app.write.stamp(ms(one.expires_at)) });
  const booked = one.new_starts_at && t("board.rebooked", { day: app.write.day(ms(one.new_starts_at)), time: app.write.time(ms(one.new_starts_at)) });
  return h(
    "section",
    { class: "matter", dataset: { testid: `date-${purpose}` } },
    h("h4", {}, t(`board.date.${purpose}`)),
    h("p", {}, h("b", {}, t(`reschedule_state.${one.state}`)), " ", h("span", { class: "quiet" }, expires || booked || "")),
    isOpen && options(session, purpose, one, app),
    isOpen && h("div", { class: "do" }, button("book-date", t("board.do.book_open"), () => bookDate(session, purpose, app)), button(`decline-${purpose}`, t("board.do.decline_open"), () => decline(session, purpose, app), "btn--plain")),
    !isOpen && purpose === "reschedule" && one.state === "expired" && app.isScheduler() && h("div", { class: "do" }, button("book-date", t("board.do.book_open"), () => bookDate(session, purpose, app))),
  );
}

function options(session, purpose, one, app) {
  if (!one.is_proposed && !one.options.length) return h("p", { class: "small quiet" }, t("board.options_coming"));
  if (!one.options.length) return h("p", { class: "small" }, t("board.options_none"));
  const words = (option) => `${app.write.day(ms(option.starts_at))} ${app.write.time(ms(option.starts_at))}–${app.write.time(ms(option.ends_at))}`;
  return h("div", { class: "do do--dates" }, one.options.map((option) => button("choose-date", words(option), () => choose(session, purpose, option, app))));
}
