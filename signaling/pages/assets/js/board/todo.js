// What the rules leave to people, the oldest first; what was ticked off today stands below with name and time.

import { h, keyed, setText, show } from "../dom.js";
import { icon, plate } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { asRefusal } from "./api.js";
import { tickOff } from "./actions.js";
import { createSoon } from "./soon.js";
import { openStanding } from "./standing.js";
import { kindOfTask, nameOfPerson, taskWord } from "./words.js";

const SOON_MS = 3600000; // a term this near is marked
const GATHER_MS = 300; // many rows change at once
const LATER_MS = 3000; // a strike reaches the ledger a moment after the end
const AGAIN_MS = 60000;
const MOST_DONE = 8;

export function createTodo(app) {
  const count = h("span", { class: "num" });
  const list = h("ol", { dataset: { testid: "todo" }, "aria-label": t("board.todo") });
  const none = h("p", { class: "quiet" });
  const trouble = h("p", { class: "small quiet", role: "status", hidden: true });
  const done = h("ul", { class: "todo__done", "aria-label": t("board.todo_done") });
  const title = h("h2", { tabindex: "-1" }, t("board.todo"), count);
  const soon = createSoon(app);
  const el = h("aside", { class: "todo", "aria-label": t("board.todo") }, title, soon.el, trouble, none, list, done);
  const timers = { soon: 0, later: 0, again: 0 };
  let isReading = false;
  let wantsAgain = false;

  async function read() {
    if (isReading) {
      wantsAgain = true;
      return;
    }
    isReading = true;
    try {
      const { tasks } = await app.api.get("/tasks");
      const known = new Set(app.tasks.map(keyOf));
      const fresh = tasks.filter((task) => !known.has(keyOf(task)));
      if (app.hasTasks && fresh.length) app.announce(t("board.todo_new", { task: t(taskWord(fresh[0])), n: tasks.length }));
      app.tasks = tasks.sort((one, two) => ms(one.since) - ms(two.since) || ms(one.due_at) - ms(two.due_at));
      app.hasTasks = true;
      show(trouble, false);
    } catch (error) {
      setText(trouble, asRefusal(error).sentence);
      show(trouble, true);
    } finally {
      isReading = false;
      app.draw();
    }
    if (wantsAgain) {
      wantsAgain = false;
      hurry();
    }
  }

  function hurry() {
    clearTimeout(timers.soon);
    clearTimeout(timers.later);
    timers.soon = setTimeout(read, GATHER_MS);
    timers.later = setTimeout(read, LATER_MS);
  }

  timers.again = setInterval(read, AGAIN_MS);

  return {
    el,
    hurry,
    // To the first thing to do, or to the word that there is none.
    focus: () => (el.querySelector("ol button") ?? title).focus(),
    stop: () => Object.values(timers).forEach(clearTimeout),
    update(now) {
      const { tasks } = app;
      const missing = soon.update(now);
      setText(count, tasks.length === 0 ? "" : t("board.todo_count", { n: tasks.length }));
      show(none, tasks.length === 0 && missing === 0);
      setText(none, app.hasTasks ? t("board.todo_none") : "\u00a0"); // its line, so that what stands below does not jump
      const urgent = (task) => ms(task.due_at) - now < SOON_MS;
      keyed(list, JSON.stringify([tasks, tasks.map(urgent), tasks.map((task) => nameOf(task, app)), app.openId(), currentLanguage()]), () => tasks.map((task) => item(task, urgent(task), app)));
      const past = doneToday(app);
      keyed(done, JSON.stringify([past, [...app.names], currentLanguage()]), () => past.map((one) => doneItem(one, app)));
    },
  };
}

const keyOf = (task) => [task.session ?? task.person, task.programme, task.id ?? task.kind].join("|");

function item(task, isUrgent, app) {
  const name = nameOf(task, app);
  const open = task.session ? () => app.open(task.session) : () => openStanding(task.programme, { person: task.person, display_name: name }, app);
  // An incident is resolved with a note, and a person is decided about: neither is only ticked off.
  const mayTick = task.session && task.kind !== "incident";
  const classes = [isUrgent && "urgent", task.session && task.session === app.openId() && "is-open"].filter(Boolean).join(" ");
  return h(
    "li",
    { class: classes || null, dataset: { testid: "todo-item", task: task.id ?? "", kind: task.kind, session: task.session ?? "", person: task.person ?? "" } },
    h("div", { class: "ln1" }, task.supporter_name && plate(task.supporter_name, "plate--s"), h("b", {}, name), h("time", { class: "num", datetime: task.since }, shortTime(task.since, app)), isUrgent && h("span", { class: "due" }, t(ms(task.due_at) < app.now() ? "board.overdue" : "board.due_soon"))),
    h("p", {}, h("b", {}, t(taskWord(task)))),
    h("p", { class: "quiet" }, t(`task.${task.kind}.more`)),
    h("p", { class: "small quiet" }, t("board.due", { time: app.write.stamp(ms(task.due_at)) })),
    h(
      "div",
      { class: "do" },
      h("button", { type: "button", class: `btn btn--s${isUrgent ? " btn--go" : ""}`, dataset: { testid: "todo-open" }, "aria-label": t("board.open_of", { name }), onclick: open }, t("board.do.open")),
      mayTick && h("button", { type: "button", class: "btn btn--s", dataset: { testid: "todo-done" }, "aria-label": t("board.done_of", { task: t(taskWord(task)), name }), onclick: () => tickOff({ id: task.session }, task, app) }, t("board.do.done_open")),
    ),
  );
}

const shortTime = (at, app) => (app.write.day(ms(at)) === app.write.day(app.now()) ? app.write.time(ms(at)) : app.write.stamp(ms(at)));

function nameOf(task, app) {
  if (task.person) return app.nameOfPerson(task.programme, task.person) ?? t("board.somebody");
  return task.seeker_name ?? (app.nameOf(task.session) || t("board.somebody"));
}

// What today's rows say of it, the latest first.
function doneToday(app) {
  const all = [...app.rows()].flatMap((row) => [
    ...(row.done ?? []).map((one) => ({ ...one, session: row.id })),
    ...(row.incidents ?? []).filter((one) => one.resolved_at).map((one) => ({ task: "incident", incident: one.kind, at: one.resolved_at, by: one.resolved_by, session: row.id })),
  ]);
  return all.sort((one, two) => ms(two.at) - ms(one.at)).slice(0, MOST_DONE);
}

function doneItem(one, app) {
  const words = t("board.done_by", { task: t(taskWord({ kind: kindOfTask(one.task), incident: one.incident })), by: nameOfPerson(one.by ?? "scheduler", app), time: app.write.time(ms(one.at)) });
  return h("li", { dataset: { testid: "todo-ticked" } }, icon("tick", "i--s"), h("span", {}, h("b", {}, nameOf({ session: one.session }, app)), " ", words));
}
