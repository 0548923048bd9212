// The board: the day's sessions, live, as a timeline or as cards. Nothing is built twice, and only what is in view is in the page.
// One session opens in the drawer; beside it stands what waits for somebody. A supporter is sent to the own desk.

import { h } from "./dom.js";
import { keep, kept } from "./kept.js";
import { chosenLanguage, speak, t } from "./text.js";
import { asRefusal } from "./board/api.js";
import { changesTasks } from "./board/app.js";
import { openBooking } from "./board/booking.js";
import { createCards } from "./board/cards.js";
import { createDrawer } from "./board/drawer.js";
import { createElsewhere } from "./board/elsewhere.js";
import { createForms, createRefusal } from "./board/forms.js";
import { createFilters, createHead, VIEWS } from "./board/frame.js";
import { listen, showKeys } from "./board/keys.js";
import { createUpkeep } from "./board/maintenance.js";
import { createLive } from "./board/live.js";
import { Lines } from "./board/spark.js";
import { createNumbers } from "./board/numbers.js";
import { createTimeline } from "./board/timeline.js";
import { createTodo } from "./board/todo.js";

const VIEW = "madoguchi.board_view";
const NARROW = matchMedia("(max-width: 1000px)");

let nextFrame = null; // what it draws: "rows", or "all"
const live = createLive(
  {
    isFor: (role) => role !== "supporter",
    elsewhere: "/desk", // the own page of whoever receives people
    changed,
    take,
    draw,
    drawSoon,
    beat: drawSoon,
    onLost: () => app.lines.forget(), // what is old is no line of now
    forget: () => {
      app.todo?.stop();
      Object.assign(app, { todo: null, view: null });
    },
  },
  { lines: new Lines(), filter: { phase: null, words: "" }, toMain: () => live.ui?.day.focus({ preventScroll: true }) },
);
const { app } = live;
const { state } = app;
app.book = (given) => openBooking(app, given);
// What is new on the day, once it has been drawn: the timeline goes there.
app.reveal = (id) => requestAnimationFrame(() => requestAnimationFrame(() => app.view?.reveal?.(id)));

function take(message) {
  if (message.type === "welcome") {
    app.todo?.hurry();
    if (app.isScheduler()) app.knowBookable().catch(asRefusal); // without it programmes are called by their names
  }
  if (message.type === "board_lines") app.lines.take(message.sessions);
  if (message.type !== "board_row") return false;
  wish("rows");
  return true;
}

// Many lines may come in one frame; one drawing shows them all. Of a thousand rooms some change in every frame: at once
// only those rows are drawn that are in view; the sums around them follow with the next beat, as time does.
function wish(what) {
  if (nextFrame === null) requestAnimationFrame(() => (nextFrame === "all" ? draw() : drawRows()));
  if (nextFrame !== "all") nextFrame = what;
}

function drawSoon() {
  wish("all");
}

function drawRows() {
  nextFrame = null;
  app.view?.update(app.now(), false);
}

// What a new row means to the parts beside the day.
function changed(row) {
  const known = app.today.rows.get(row.id);
  if (known && known.version > row.version) return row;
  if (changesTasks(known, row)) app.todo?.hurry();
  app.learn([...(row.done ?? []), ...(row.incidents ?? [])].map((one) => one.by ?? one.resolved_by));
  app.drawer?.changed(row);
  if (!known && row.id === app.openId()) app.reveal(row.id);
  return row;
}

const MAKE = { lanes: createTimeline, cards: createCards };

function build() {
  const isScheduler = app.isScheduler();
  const usual = NARROW.matches || state.you?.role === "supporter" ? "cards" : "lanes";
  app.forms = createForms(app);
  app.drawer = createDrawer(app);
  app.todo = isScheduler ? createTodo(app) : null;
  const ui = {
    bar: createHead(app, { speak: live.choose, theme: live.turnTheme }),
    filters: createFilters(app, { view: turnView }),
    day: h("main", { class: "day-view", tabindex: "-1" }),
    none: createElsewhere(app),
    numbers: createNumbers(app),
    trouble: createRefusal(),
    upkeep: createUpkeep(app),
  };
  const work = h("div", { class: "work" }, ui.upkeep.el, ui.trouble.el, ui.filters.el, ui.numbers.el, ui.day, app.drawer.el);
  live.ui = ui;
  ui.behind = [ui.bar.el, app.todo?.el, ui.filters.el, ui.numbers.el, ui.day].filter(Boolean);
  live.page.replaceChildren(h("div", { class: "board-page" }, ui.bar.el, h("div", { class: `board${isScheduler ? "" : " board--desk"}` }, ...[app.todo?.el, work].filter(Boolean))), app.forms.el);
  place(keptView() ?? usual);
  document.title = `${t("title.board")} | ${t("site.name")}`;
  app.todo?.hurry();
}

function place(name) {
  state.view = name;
  app.view = MAKE[name](app);
  const { day, none } = live.ui;
  day.dataset.view = name;
  day.replaceChildren(...[none.el, app.view.el, app.view.back].filter(Boolean));
}

function turnView(name) {
  keep(VIEW, name);
  const opened = app.openId();
  place(name);
  draw();
  if (opened) app.view.focusOn(opened);
}

function draw() {
  nextFrame = null;
  if (live.isRefused()) return;
  if (!live.ui) build();
  const { ui } = live;
  const now = app.now();
  app.view.update(now); // first: it may ask the browser where things are, which costs more once something was changed
  ui.bar.update(now);
  ui.numbers.update(now);
  const count = app.view.count();
  ui.filters.update(app.shown.rows, count, state.view);
  ui.none.update(now, count === 0 && state.isOnline && app.today.day !== null); // the welcome comes before the day
  ui.upkeep.update();
  app.todo?.update(now);
  app.drawer.draw(now);
}

const keptView = () => (VIEWS.includes(kept(VIEW)) ? kept(VIEW) : null);

// ---- keys --------------------------------------------------------------------------------------------

function escape() {
  if (live.ui.filters.clear()) return;
  if (app.openId() !== null) app.drawer.shut();
}

// Also from another day: now is today.
function toNow() {
  if (!app.shown.isToday) app.dayChoice.show(null);
  app.view.follow();
}

const KEYS = {
  "/": () => live.ui.filters.find(),
  "?": () => showKeys(app),
  b: () => app.isScheduler() && app.book(),
  v: () => turnView(VIEWS.find((name) => name !== state.view)),
  n: toNow,
  t: () => app.todo?.focus(),
  Escape: escape,
};

async function start() {
  live.dress();
  await speak(chosenLanguage(), "board");
  live.begin();
  listen(KEYS, () => !live.ui || app.forms.isOpen());
}

start();
