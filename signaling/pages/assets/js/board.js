// The board: today's sessions, live. Rows are patched in place; nothing is built twice. One session opens in the drawer.
// A scheduler sees what waits for somebody beside it, a supporter who waits at the own counter.

import { ServerClock, ms, writer } from "./clock.js";
import { Socket } from "./socket.js";
import { Announcer } from "./announcer.js";
import { h, keyed, setAttr, setText, setVar, show } from "./dom.js";
import { icon, logo, phaseShape } from "./icons.js";
import { chosenLanguage, currentLanguage, hasText, pick, remember, speak, t } from "./text.js";
import { createRow } from "./board_row.js";
import { Api } from "./board/api.js";
import { App, changesTasks } from "./board/app.js";
import { createDesk, isWaitedFor } from "./board/desk.js";
import { createDrawer } from "./board/drawer.js";
import { createForms, createRefusal } from "./board/forms.js";
import { createUpkeep, openMaintenance } from "./board/maintenance.js";
import { createTodo } from "./board/todo.js";

const PHASES = ["live", "waiting", "open", "interrupted", "scheduled", "ended"];
const HOUR = 3600000;
const THEME = "madoguchi.theme";
const CLOSED = { 4401: "token_unknown", 4403: "token_unknown", 4410: "token_unknown", 4409: "opened_elsewhere" };

const token = decodeURIComponent(location.hash.slice(1));
const clock = new ServerClock();
const page = document.getElementById("page");
const announcer = new Announcer();
const ZONE = "Asia/Tokyo";
const state = { rows: new Map(), views: new Map(), you: null, office: null, isOnline: false, refusal: null, phase: null, words: "", range: null, order: null, context: null, zone: ZONE, write: writer("ja", ZONE), onRefused: (refusal) => ui?.trouble.say(refusal) };
const app = new App({ api: new Api(token), clock, announcer, state, draw: drawSoon, shade });
let ui = null;
let isDrawing = false;

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
      if (message.you.role !== state.you?.role) forget();
      Object.assign(state, { you: message.you, office: message.office });
      setOnline(true);
      app.todo?.hurry();
      break;
    case "board":
      snapshot(message.sessions);
      break;
    case "board_row":
      change(message.session);
      break;
    case "refused":
      if (message.closes && message.code !== "draining") refuse(message.code);
      break;
    default:
      break;
  }
  drawSoon();
}

// Many lines may come in one frame; one drawing shows them all.
function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(draw);
}

function setOnline(isOnline) {
  state.isOnline = isOnline;
  draw();
}

function snapshot(sessions) {
  const ids = new Set(sessions.map((row) => row.id));
  for (const id of [...state.rows.keys()].filter((known) => !ids.has(known))) {
    state.rows.delete(id);
    state.order = null;
    state.views.get(id)?.el.remove();
    state.views.delete(id);
  }
  sessions.forEach(change);
}

// A version never goes backwards, whatever order the lines bring.
function change(row) {
  const known = state.rows.get(row.id);
  if (known && known.version > row.version) return;
  if (changesTasks(known, row)) app.todo?.hurry();
  app.learn([...(row.done ?? []), ...(row.incidents ?? [])].map((one) => one.by ?? one.resolved_by));
  state.rows.set(row.id, row);
  app.drawer?.changed(row);
  state.order = null;
  if (row.phase !== known?.phase) state.range = null;
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
  Object.assign(app, { todo: null, drawer: null, forms: null });
}

// On a small screen the drawer covers everything else, which is out of reach then.
function shade(isCovered) {
  for (const part of ui?.behind ?? []) part.inert = isCovered;
}

function build() {
  const find = h("input", { type: "search", placeholder: t("board.find"), "aria-label": t("board.find"), value: state.words, oninput: () => { state.words = find.value; draw(); } });
  const filter = (phase) => {
    const count = h("b", { class: "num" });
    const word = phase ? h("span", { class: "phase", dataset: { phase } }, phaseShape(phase), t(`phase.${phase}`)) : t("board.all");
    const button = h("button", { type: "button", onclick: () => { state.phase = phase; draw(); } }, word, count);
    return { phase, count, button };
  };
  const choice = (tag, word) => h("button", { type: "button", lang: tag, "aria-current": currentLanguage() === tag ? "true" : null, onclick: () => choose(tag) }, word);
  ui = {
    find,
    filters: [null, ...PHASES].map(filter),
    server: h("span", { class: "server", role: "status" }),
    day: h("span", { class: "date" }),
    office: h("span", { class: "office" }),
    clock: h("span", { class: "clock num", "aria-hidden": "true" }),
    shown: h("span", { class: "shown num", role: "status" }),
    hours: h("div", { class: "axis__hours", "aria-hidden": "true" }),
    list: h("div", { role: "list", dataset: { testid: "staff-list" }, "aria-label": t("board.title") }),
    line: h("i", { class: "nowline", "aria-hidden": "true" }),
    none: h("p", { class: "rows__none" }),
    trouble: createRefusal(),
    desk: createDesk(app),
    upkeep: createUpkeep(app),
  };
  const isScheduler = app.isScheduler();
  app.forms = createForms(app);
  app.drawer = createDrawer(app);
  app.todo = isScheduler ? createTodo(app) : null;
  const turn = h("button", { type: "button", class: "btn", onclick: turnTheme }, icon("theme", "i--s"), h("span", {}, t("board.theme")));
  const upkeep = isScheduler && h("button", { type: "button", class: "btn", dataset: { testid: "maintenance" }, onclick: () => openMaintenance(app) }, icon("clock", "i--s"), h("span", {}, t("maintenance.open")));
  const filters = h("div", { class: "filters", role: "toolbar", "aria-label": t("board.column.phase") }, ui.filters.map((one) => one.button), ui.shown, h("label", { class: "find" }, icon("find", "i--s"), find, h("kbd", {}, "/")));
  const bar = h("header", { class: "bar" }, logo(t("site.name")), ui.office, ui.day, h("span", { class: "sp" }), ui.server, upkeep, turn, h("nav", { class: "lang", "aria-label": "言語 / Language" }, choice("ja", "日本語"), choice("en", "English")), ui.clock);
  const columns = ["counter", "seeker", "people", "phase", "next"].map((key) => h("span", {}, t(`board.column.${key}`)));
  const rows = h("main", { class: "rows", tabindex: "-1" }, h("div", { class: "rows__in" }, h("div", { class: "axis" }, h("div", { class: "axis__words", "aria-hidden": "true" }, columns), ui.hours), ui.list, ui.line), ui.none);
  const work = h("div", { class: "work" }, ui.desk.el, ui.upkeep.el, ui.trouble.el, filters, rows, app.drawer.el);
  ui.behind = [bar, app.todo?.el, ui.desk.el, filters, rows].filter(Boolean);
  page.replaceChildren(h("div", { class: "board-page" }, bar, h("h1", { class: "vh" }, t("board.title")), h("div", { class: `board${isScheduler ? "" : " board--desk"}` }, ...[app.todo?.el, work].filter(Boolean))), app.forms.el);
  app.todo?.hurry();
  state.views.clear();
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
  isDrawing = false;
  const now = clock.now();
  if (state.refusal) {
    drawRefusal();
    return;
  }
  if (!ui) build();
  setText(ui.office, pick(state.office));
  setText(ui.day, state.write.day(now));
  setText(ui.clock, state.write.exact(now));
  setText(ui.server, t(state.isOnline ? "board.server_ok" : "board.server_lost"));
  ui.server.classList.toggle("is-lost", !state.isOnline);
  drawFilters();
  drawRows(now);
  ui.upkeep.update();
  const waiting = app.isScheduler() ? 0 : ui.desk.update();
  app.todo?.update(now);
  app.drawer.draw(now);
  const title = `${t("title.board")} | ${t("site.name")}`;
  document.title = waiting ? t("board.title_waiting", { n: waiting, title }) : title;
}

function drawFilters() {
  const counts = new Map();
  for (const row of state.rows.values()) counts.set(row.phase, (counts.get(row.phase) ?? 0) + 1);
  for (const { phase, count, button } of ui.filters) {
    setText(count, String(phase ? (counts.get(phase) ?? 0) : state.rows.size));
    setAttr(button, "aria-pressed", String(state.phase === phase));
  }
}

// What runs and what comes, by time; what is over sinks to the end, the latest first.
const names = new Intl.Collator("ja");

function inOrder(one, two) {
  const [over, otherOver] = [one.phase === "ended", two.phase === "ended"];
  if (over !== otherOver) return over ? 1 : -1;
  const byTime = ms(one.starts_at) - ms(two.starts_at);
  return (over ? -byTime : byTime) || names.compare(one.supporter, two.supporter) || names.compare(one.id, two.id);
}

// The hours that the day's sessions cover, whole, and the hour of now.
function rangeOf(rows, now) {
  const from = Math.min(now, ...rows.map((row) => ms(row.opens_at)));
  const to = Math.max(now, ...rows.map((row) => ms(row.ends_at)));
  const start = Math.floor(from / HOUR) * HOUR;
  return { start, hours: Math.min(24, Math.max(1, Math.ceil((to - start) / HOUR))) };
}

function drawRows(now) {
  state.order ??= [...state.rows.values()].sort(inOrder);
  const rows = state.order;
  state.range ??= rangeOf(rows, now);
  const { start, hours } = state.range;
  if (now > start + hours * HOUR) state.range = null;
  drawAxis(now, start, hours);
  const key = `${start}|${hours}|${currentLanguage()}`;
  if (state.context?.key !== key) state.context = { key, write: state.write, start, span: hours * HOUR, hours };
  const { context } = state;
  let shown = 0;
  rows.forEach((row, at) => {
    let view = state.views.get(row.id);
    if (!view) {
      view = createRow(() => app.open(row.id));
      state.views.set(row.id, view);
    }
    const isWanted = matches(row);
    show(view.el, isWanted);
    if (isWanted) {
      shown += 1;
      view.update(row, context, now);
    }
    view.mark({ isOpen: app.openId() === row.id, isCalling: !app.isScheduler() && isWaitedFor(row) });
    if (ui.list.children[at] !== view.el) place(view.el, at);
  });
  setText(ui.shown, t("board.count", { shown, all: rows.length }));
  show(ui.none, shown === 0 && state.isOnline);
  setText(ui.none, t(rows.length ? "board.none_found" : "board.empty"));
}

function place(row, at) {
  const focused = row.contains(document.activeElement) ? document.activeElement : null;
  ui.list.insertBefore(row, ui.list.children[at] ?? null);
  focused?.focus({ preventScroll: true });
}

function drawAxis(now, start, hours) {
  const at = (now - start) / (hours * HOUR);
  keyed(ui.hours, `${start}|${hours}|${currentLanguage()}`, () => [
    ...Array.from({ length: hours }, (_, n) => h("b", { class: "num", vars: { at: n / hours } }, state.write.time(start + n * HOUR))),
    h("b", { class: "num now" }),
  ]);
  const mark = ui.hours.lastChild;
  [...ui.hours.children].slice(0, -1).forEach((hour, n) => show(hour, Math.abs(n / hours - at) > 0.05));
  setText(mark, state.write.time(now));
  setVar(mark, "at", at.toFixed(4));
  setVar(ui.line, "at", at.toFixed(4));
  setVar(ui.line, "headpx", `${ui.hours.offsetLeft}px`);
}

function matches(row) {
  if (state.phase && row.phase !== state.phase) return false;
  if (!state.words.trim()) return true;
  const text = [row.supporter, row.id, ...row.seats.map((seat) => seat.display_name)].join(" ").normalize("NFKC").toLowerCase();
  return state.words.normalize("NFKC").toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function drawRefusal() {
  const code = hasText(`refusal.${state.refusal}`) ? state.refusal : "unknown";
  if (page.firstElementChild?.dataset.code === state.refusal) return;
  page.replaceChildren(
    h("main", { class: "static", dataset: { testid: "refusal", code: state.refusal } }, h("h1", {}, t(`refusal.${code}`)), h("p", {}, t(`refusal.${code}.next`)), h("p", { class: "small quiet" }, t("refusal.code", { code: state.refusal }))),
  );
}

function turnTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  try {
    localStorage.setItem(THEME, root.dataset.theme);
  } catch {
    // it holds for this page
  }
}

function keptTheme() {
  try {
    const theme = localStorage.getItem(THEME);
    if (theme) document.documentElement.dataset.theme = theme;
  } catch {
    // the system's theme, then
  }
}

async function start() {
  keptTheme();
  await speak(chosenLanguage(), "board");
  state.write = writer(currentLanguage(), state.zone);
  document.body.append(...announcer.els);
  if (!token) refuse("token_unknown");
  draw();
  setInterval(draw, 500);
  window.addEventListener("hashchange", () => location.reload());
  window.addEventListener("keydown", (event) => {
    if (!ui || app.forms.isOpen()) return;
    if (event.key === "Escape" && app.openId() !== null) app.drawer.shut();
    if (event.key !== "/" || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    ui.find.focus();
  });
  if (token) socket.connect();
}

start();
