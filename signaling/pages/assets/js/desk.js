// The supporter's desk: the day beside a line, the session that is next in the middle, notes and word from the office at the side.

import { h, setText } from "./dom.js";
import { plate } from "./icons.js";
import { chosenLanguage, speak, t } from "./text.js";
import { createBar } from "./board/bar.js";
import { createDrawer } from "./board/drawer.js";
import { createForms, createRefusal } from "./board/forms.js";
import { createLive } from "./board/live.js";
import { createCalls } from "./desk/calls.js";
import { byTime, leadOf } from "./desk/day.js";
import { answerAsDesk } from "./desk/here.js";
import { createLine } from "./desk/line.js";
import { createMemo, Memos } from "./desk/memo.js";
import { createMessages } from "./desk/messages.js";
import { createMiddle } from "./desk/middle.js";

const DESK_MS = 300000; // maintenance and hours change seldom

const memos = new Memos(Date.now());
let desk = { programmes: [], maintenance: [] };
let chosen = null; // a session that was chosen beside the line; null: the one that is next
let isDrawing = false;
const live = createLive(
  {
    isFor: (role) => role === "supporter",
    elsewhere: "/board",
    changed: (row) => {
      app.drawer?.changed(row);
      return row;
    },
    take: (message) => void (message.type === "welcome" && readDesk()),
    draw,
    drawSoon,
    beat: draw, // also behind another window, where no frame comes: the title says who waits
    onNewDay: () => {
      chosen = null;
      readDesk();
    },
  },
  { view: { focusOn: (id) => live.ui?.line.focusOn(id) } },
);
const { app } = live;
const { state } = app;

function drawSoon() {
  if (isDrawing) return;
  isDrawing = true;
  requestAnimationFrame(draw);
}

// What the day is like beside the sessions; without it they are shown all the same.
async function readDesk() {
  try {
    desk = await app.api.get("/desk");
    app.programmes = desk.programmes;
    drawSoon();
  } catch {
    // asked for again in a while
  }
}

function build() {
  app.forms = createForms(app);
  app.drawer = createDrawer(app);
  const memo = createMemo(memos);
  const messages = createMessages(app);
  const calls = createCalls(app);
  const who = h("span", { class: "who" });
  const day = h("span", { class: "date" });
  const bar = createBar(app, { speak: live.choose, theme: live.turnTheme }, { day, who });
  const ui = { bar, day, who, memo, messages, calls, line: createLine(app, { choose: pickSession }), middle: createMiddle(app), trouble: createRefusal() };
  const aside = h("aside", { class: "aside", "aria-label": t("today.aside") }, h("h2", {}, t("memo.title")), memo.el, messages.el, calls.allow);
  const columns = h("div", { class: "desk" }, ui.line.el, ui.middle.el, aside);
  live.ui = ui;
  ui.behind = [bar.el, calls.el, columns];
  live.page.replaceChildren(h("div", { class: "full desk-page desk-page--day" }, bar.el, calls.el, ui.trouble.el, h("div", { class: "work" }, columns, app.drawer.el)), app.forms.el);
}

function pickSession(id) {
  chosen = id;
  if (app.openId() !== null) app.open(id);
  draw();
  live.ui.middle.focus();
}

function draw() {
  isDrawing = false;
  if (live.isRefused()) return;
  if (!live.ui) build();
  const { ui } = live;
  const now = app.now();
  const rows = byTime(app.rows());
  const lead = leadOf(rows);
  const row = app.today.rows.get(chosen) ?? lead;
  ui.bar.update(now);
  setText(ui.day, state.write.day(now));
  if (state.you && ui.who.dataset.name !== state.you.display_name) {
    ui.who.dataset.name = state.you.display_name;
    ui.who.replaceChildren(plate(state.you.display_name), state.you.display_name);
  }
  ui.line.update(rows, hoursOf(rows), now, row?.id ?? null);
  ui.middle.update(row, lead, now);
  ui.memo.update(row);
  ui.messages.update(rows, desk, telephoneOf(row));
  app.drawer.draw(now);
  const waiting = ui.calls.update(now, app.openId() === null ? (row?.id ?? null) : null); // a drawer may lie over the way in
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

async function start() {
  live.dress();
  await speak(chosenLanguage(), "board", "desk");
  live.begin();
  answerAsDesk();
  setInterval(() => state.isOnline && readDesk(), DESK_MS);
  window.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && live.ui && !app.forms.isOpen() && app.openId() !== null) app.drawer.shut();
  });
}

start();
