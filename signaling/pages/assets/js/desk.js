// The supporter's desk: the day beside a line, the session that is next in the middle, notes and word from the office at the side.

import { ServerClock, writer } from "./clock.js";
import { Socket } from "./socket.js";
import { Announcer } from "./announcer.js";
import { h, setText, show } from "./dom.js";
import { icon, logo, plate } from "./icons.js";
import { keep, kept } from "./kept.js";
import { readSecret } from "./link.js";
import { chosenLanguage, currentLanguage, pick, remember, speak, t } from "./text.js";
import { Api } from "./board/api.js";
import { App } from "./board/app.js";
import { createDrawer } from "./board/drawer.js";
import { createForms, createRefusal } from "./board/forms.js";
import { refusedPage } from "./board/refused.js";
import { Rows } from "./board/rows.js";
import { createCalls } from "./desk/calls.js";
import { byTime, leadOf } from "./desk/day.js";
import { createLine } from "./desk/line.js";
import { createMemo, Memos } from "./desk/memo.js";
import { createMessages } from "./desk/messages.js";
import { createMiddle } from "./desk/middle.js";

const TOKEN = 26; // characters of a staff token
const THEME = "madoguchi.theme";
const ZONE = "Asia/Tokyo"; // until the server has said
const DESK_MS = 300000; // maintenance and hours change seldom
const CLOSED = { 4401: "token_unknown", 4403: "token_unknown", 4410: "token_unknown", 4409: "opened_elsewhere" };

const { secret: token } = readSecret(location.hash, TOKEN);
const clock = new ServerClock();
const memos = new Memos(Date.now());
const page = document.getElementById("page");
const announcer = new Announcer();
const today = { key: "today", isToday: true, rows: new Rows(), day: null };
const state = { you: null, office: null, isOnline: false, refusal: null, zone: ZONE, write: writer("ja", ZONE), onRefused: (refusal) => ui?.trouble.say(refusal) };
const app = new App({ api: new Api(token), clock, announcer, state, today, shown: today, draw: drawSoon, shade, view: { focusOn: (id) => ui?.line.focusOn(id) } });
let desk = { programmes: [], maintenance: [] };
let chosen = null; // a session that was chosen beside the line; null: the one that is next
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
      if (message.you.role !== "supporter") location.replace(`/board${location.hash}`);
      Object.assign(state, { you: message.you, office: message.office });
      setOnline(true);
      readDesk();
      break;
    case "board":
      dayIs(message.day);
      message.sessions.forEach((row) => app.drawer?.changed(row));
      today.rows.replace(message.sessions);
      break;
    case "board_row":
      app.drawer?.changed(message.session);
      today.rows.take(message.session);
      break;
    case "refused":
      if (message.closes && message.code !== "draining") refuse(message.code);
      break;
    default:
      break;
  }
  drawSoon();
}

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(draw);
}

function setOnline(isOnline) {
  state.isOnline = isOnline;
  drawSoon();
}

// Another day begins with nothing chosen.
function dayIs(day) {
  if (!day) return;
  if (today.day && today.day.date !== day.date) {
    chosen = null;
    readDesk();
  }
  today.day = day;
  state.zone = day.time_zone;
  state.write = writer(currentLanguage(), state.zone);
}

// What the day is like beside the sessions; without it they are shown all the same.
async function readDesk() {
  try {
    desk = await app.api.get("/desk");
    drawSoon();
  } catch {
    // asked for again in a while
  }
}

function refuse(code) {
  state.refusal ??= code;
  forget();
  drawSoon();
}

function forget() {
  ui = null;
  app.forms?.close();
  Object.assign(app, { drawer: null, forms: null });
}

function shade(isCovered) {
  for (const part of ui?.behind ?? []) part.inert = isCovered;
}

function build() {
  app.forms = createForms(app);
  app.drawer = createDrawer(app);
  const choice = (tag, word) => h("button", { type: "button", lang: tag, "aria-current": currentLanguage() === tag ? "true" : null, onclick: () => choose(tag) }, word);
  const memo = createMemo(memos);
  const messages = createMessages(app);
  const calls = createCalls(app);
  const who = h("span", { class: "who" });
  const parts = { office: h("span", { class: "office" }), day: h("span", { class: "date" }), clock: h("span", { class: "clock num", "aria-hidden": "true" }), server: h("span", { class: "server", role: "status" }), zone: h("span", { class: "small quiet", hidden: true, dataset: { testid: "zone" } }) };
  const turn = h("button", { type: "button", class: "btn", "aria-label": t("board.theme"), onclick: turnTheme }, icon("theme", "i--s"), h("span", {}, t("board.theme")));
  const bar = h("header", { class: "bar" }, logo(t("site.name")), parts.office, parts.day, h("span", { class: "sp" }), parts.server, turn, h("nav", { class: "lang", "aria-label": "言語 / Language" }, choice("ja", "日本語"), choice("en", "English")), who, parts.zone, parts.clock);
  ui = { ...parts, who, memo, messages, calls, line: createLine(app, { choose: pickSession }), middle: createMiddle(app), trouble: createRefusal() };
  const aside = h("aside", { class: "aside", "aria-label": t("today.aside") }, h("h2", {}, t("memo.title")), memo.el, messages.el, calls.allow);
  const columns = h("div", { class: "desk" }, ui.line.el, ui.middle.el, aside);
  ui.behind = [bar, calls.el, columns];
  page.replaceChildren(h("div", { class: "full desk-page desk-page--day" }, bar, calls.el, ui.trouble.el, h("div", { class: "work" }, columns, app.drawer.el)), app.forms.el);
}

function pickSession(id) {
  chosen = id;
  if (app.openId() !== null) app.open(id);
  draw();
  ui.middle.focus();
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
  if (state.refusal) {
    drawRefusal();
    return;
  }
  if (!ui) build();
  const now = clock.now();
  const rows = byTime(today.rows.all());
  const lead = leadOf(rows);
  const row = today.rows.get(chosen) ?? lead;
  setText(ui.office, pick(state.office));
  setText(ui.day, state.write.day(now));
  setText(ui.clock, state.write.exact(now));
  const place = state.write.elsewhere(now);
  show(ui.zone, place !== "");
  setText(ui.zone, place);
  setText(ui.server, t(state.isOnline ? "board.server_ok" : "board.server_lost"));
  ui.server.classList.toggle("is-lost", !state.isOnline);
  if (state.you && ui.who.dataset.name !== state.you.display_name) {
    ui.who.dataset.name = state.you.display_name;
    ui.who.replaceChildren(plate(state.you.display_name), state.you.display_name);
  }
  ui.line.update(rows, hoursOf(rows), now, row?.id ?? null);
  ui.middle.update(row, lead, now);
  ui.memo.update(row);
  ui.messages.update(rows, desk, telephoneOf(row));
  app.drawer.draw(now);
  const waiting = ui.calls.update(now);
  const title = `${t("title.desk")} | ${t("site.name")}`;
  document.title = waiting ? t("today.title_waiting", { n: waiting, title }) : title;
}

// Of the programmes that this counter has today: one may close at noon, and another go on.
function hoursOf(rows) {
  const names = new Set(rows.map((row) => row.programme));
  return desk.programmes.filter((one) => names.has(one.name)).flatMap((one) => one.hours);
}

function telephoneOf(row) {
  return desk.programmes.find((one) => one.name === row?.programme)?.telephone ?? null;
}

function drawRefusal() {
  const key = `${state.refusal}|${currentLanguage()}`;
  if (page.dataset.refused === key) return;
  page.dataset.refused = key;
  page.replaceChildren(refusedPage(state.refusal, choose));
}

function turnTheme() {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  keep(THEME, root.dataset.theme);
}

async function start() {
  const theme = kept(THEME);
  if (theme) document.documentElement.dataset.theme = theme;
  await speak(chosenLanguage(), "board", "desk");
  state.write = writer(currentLanguage(), state.zone);
  document.body.append(...announcer.els);
  if (!token) refuse("token_unknown");
  draw();
  setInterval(draw, 500);
  setInterval(() => state.isOnline && readDesk(), DESK_MS);
  window.addEventListener("hashchange", () => location.reload());
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && ui && !app.forms.isOpen() && app.openId() !== null) app.drawer.shut();
  });
  if (token) socket.connect();
}

start();
