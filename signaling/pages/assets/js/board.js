// The board: the day's sessions, live, as a timeline or as cards. Nothing is built twice, and only what is in view is in the page.
// One session opens in the drawer; beside it stands what waits for somebody. A supporter is sent to the own desk.

import { ServerClock, writer } from "./clock.js";
import { readSecret } from "./link.js";
import { Socket } from "./socket.js";
import { Announcer } from "./announcer.js";
import { h, setText, show } from "./dom.js";
import { chosenLanguage, currentLanguage, remember, speak, t } from "./text.js";
import { Api } from "./board/api.js";
import { App, changesTasks } from "./board/app.js";
import { createCards } from "./board/cards.js";
import { createDrawer } from "./board/drawer.js";
import { createForms, createRefusal } from "./board/forms.js";
import { createBar, createFilters, VIEWS } from "./board/frame.js";
import { listen, showKeys } from "./board/keys.js";
import { createUpkeep } from "./board/maintenance.js";
import { Rows } from "./board/rows.js";
import { Lines } from "./board/spark.js";
import { refusedPage } from "./board/refused.js";
import { createNumbers } from "./board/numbers.js";
import { createTimeline } from "./board/timeline.js";
import { createTodo } from "./board/todo.js";

const TOKEN = 26; // characters of a staff token
const THEME = "madoguchi.theme";
const VIEW = "madoguchi.board_view";
const NARROW = matchMedia("(max-width: 1000px)");
const CLOSED = { 4401: "token_unknown", 4403: "token_unknown", 4410: "token_unknown", 4409: "opened_elsewhere" };
const ZONE = "Asia/Tokyo"; // until the server has said

const { secret: token } = readSecret(location.hash, TOKEN);
const clock = new ServerClock();
const page = document.getElementById("page");
const announcer = new Announcer();
const today = { key: "today", isToday: true, rows: new Rows(), day: null };
const state = { you: null, office: null, isOnline: false, refusal: null, view: null, zone: ZONE, write: writer("ja", ZONE), onRefused: (refusal) => ui?.trouble.say(refusal) };
const app = new App({ api: new Api(token), clock, announcer, state, today, shown: today, lines: new Lines(), filter: { phase: null, words: "" }, draw: drawSoon, shade });
let ui = null;
let nextFrame = null; // what it draws: "rows", or "all"

const socket = new Socket({
  clock,
  hello: () => ({ type: "hello", version: 1, token, language: currentLanguage() }),
  onMessage: take,
  onOpen: () => {},
  onLost: () => setOnline(false),
  onRefused: (code) => refuse(CLOSED[code] ?? "unknown"),
});

function take(message) {
  switch (message.type) {
    case "welcome":
      if (message.you.role === "supporter") location.replace(`/desk${location.hash}`); // the own page of whoever receives people
      if (message.you.role !== state.you?.role) forget();
      Object.assign(state, { you: message.you, office: message.office });
      setOnline(true);
      app.todo?.hurry();
      break;
    case "board":
      dayIs(message.day);
      today.rows.replace(message.sessions.map(changed));
      break;
    case "board_row":
      today.rows.take(changed(message.session));
      wish("rows");
      return;
    case "board_lines":
      app.lines.take(message.sessions);
      break;
    case "refused":
      if (message.closes && message.code !== "draining") refuse(message.code);
      break;
    default:
      break;
  }
  drawSoon();
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
  app.view?.update(clock.now(), false);
}

function setOnline(isOnline) {
  state.isOnline = isOnline;
  if (!isOnline) app.lines.forget(); // what is old is no line of now
  draw();
}

function dayIs(day) {
  if (!day) return;
  today.day = day;
  if (day.time_zone === state.zone) return;
  state.zone = day.time_zone;
  state.write = writer(currentLanguage(), state.zone);
}

// What a new row means to the parts beside the day.
function changed(row) {
  const known = today.rows.get(row.id);
  if (known && known.version > row.version) return row;
  if (changesTasks(known, row)) app.todo?.hurry();
  app.learn([...(row.done ?? []), ...(row.incidents ?? [])].map((one) => one.by ?? one.resolved_by));
  app.drawer?.changed(row);
  return row;
}

function refuse(code) {
  state.refusal ??= code;
  forget();
  draw();
}

// Everything is built anew: another language, another person, or nothing any more.
function forget() {
  ui = null;
  app.forms?.close();
  app.todo?.stop();
  Object.assign(app, { todo: null, drawer: null, forms: null, view: null });
}

// On a small screen the drawer covers everything else, which is out of reach then.
function shade(isCovered) {
  for (const part of ui?.behind ?? []) part.inert = isCovered;
}

const MAKE = { lanes: createTimeline, cards: createCards };

function build() {
  const isScheduler = app.isScheduler();
  const usual = NARROW.matches || state.you?.role === "supporter" ? "cards" : "lanes";
  app.forms = createForms(app);
  app.drawer = createDrawer(app);
  app.todo = isScheduler ? createTodo(app) : null;
  ui = {
    bar: createBar(app, { speak: choose, theme: turnTheme }),
    filters: createFilters(app, { view: turnView }),
    day: h("main", { class: "day-view", tabindex: "-1" }),
    none: h("p", { class: "rows__none" }),
    numbers: createNumbers(app),
    trouble: createRefusal(),
    upkeep: createUpkeep(app),
  };
  const work = h("div", { class: "work" }, ui.upkeep.el, ui.trouble.el, ui.filters.el, ui.numbers.el, ui.day, app.drawer.el);
  ui.behind = [ui.bar.el, app.todo?.el, ui.filters.el, ui.numbers.el, ui.day].filter(Boolean);
  page.replaceChildren(h("div", { class: "board-page" }, ui.bar.el, h("div", { class: `board${isScheduler ? "" : " board--desk"}` }, ...[app.todo?.el, work].filter(Boolean))), app.forms.el);
  place(keptView() ?? usual);
  document.title = `${t("title.board")} | ${t("site.name")}`;
  app.todo?.hurry();
}

function place(name) {
  state.view = name;
  app.view = MAKE[name](app);
  ui.day.dataset.view = name;
  ui.day.replaceChildren(...[app.view.el, app.view.back, ui.none].filter(Boolean));
}

function turnView(name) {
  keep(VIEW, name);
  const opened = app.openId();
  place(name);
  draw();
  if (opened) app.view.focusOn(opened);
}

async function choose(language) {
  remember(language);
  await speak(language);
  state.write = writer(language, state.zone);
  const opened = app.openId();
  forget();
  draw();
  if (opened) app.open(opened);
}

function draw() {
  nextFrame = null;
  const now = clock.now();
  if (state.refusal) {
    drawRefusal();
    return;
  }
  if (!ui) build();
  const { rows } = app.shown;
  app.view.update(now); // first: it may ask the browser where things are, which costs more once something was changed
  ui.bar.update(now);
  ui.numbers.update(now);
  const count = app.view.count();
  ui.filters.update(rows, count, state.view);
  show(ui.none, count === 0 && state.isOnline);
  setText(ui.none, t(rows.size ? "board.none_found" : app.shown.isToday ? "board.empty" : "board.empty_day"));
  ui.upkeep.update();
  app.todo?.update(now);
  app.drawer.draw(now);
}

function drawRefusal() {
  const key = `${state.refusal}|${currentLanguage()}`;
  if (page.dataset.refused === key) return;
  page.dataset.refused = key;
  page.replaceChildren(refusedPage(state.refusal, choose));
}

// ---- what this browser remembers --------------------------------------------------------------------

function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function keep(key, value) {
  try {
    localStorage.setItem(key, value);
  } catch {
    // it holds for this page
  }
}

const keptView = () => (VIEWS.includes(kept(VIEW)) ? kept(VIEW) : null);

function turnTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  keep(THEME, root.dataset.theme);
}

// ---- keys --------------------------------------------------------------------------------------------

function escape() {
  if (ui.filters.clear()) return;
  if (app.openId() !== null) app.drawer.shut();
}

const KEYS = {
  "/": () => ui.filters.find(),
  "?": () => showKeys(app),
  v: () => turnView(VIEWS.find((name) => name !== state.view)),
  n: () => app.view.follow(),
  t: () => app.todo?.focus(),
  Escape: escape,
};

async function start() {
  const theme = kept(THEME);
  if (theme) document.documentElement.dataset.theme = theme;
  await speak(chosenLanguage(), "board");
  state.write = writer(currentLanguage(), state.zone);
  document.body.append(...announcer.els);
  if (!token) refuse("token_unknown");
  draw();
  setInterval(drawSoon, 500);
  window.addEventListener("hashchange", () => location.reload());
  listen(KEYS, () => !ui || app.forms.isOpen());
  if (token) socket.connect();
}

start();
