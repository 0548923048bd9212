// What board and desk do alike: who looks and by which token, the line to the server, the day and its zone, language and theme,
// and the page that says why nobody is let in.

import { ServerClock, writer } from "../clock.js";
import { Announcer } from "../announcer.js";
import { keep, kept } from "../kept.js";
import { readSecret } from "../link.js";
import { Socket } from "../socket.js";
import { currentLanguage, remember, speak } from "../text.js";
import { Api } from "./api.js";
import { App } from "./app.js";
import { refusedPage } from "./refused.js";
import { Rows } from "./rows.js";

const TOKEN = 26; // characters of a staff token
const THEME = "madoguchi.theme";
const ZONE = "Asia/Tokyo"; // until the server has said
const BEAT_MS = 500;
const CLOSED = { 4401: "token_unknown", 4403: "token_unknown", 4410: "token_unknown", 4409: "opened_elsewhere" };

// does: {isFor(role); elsewhere: the page of everybody else; changed(row): what a new row means, gives it back; take(message): true
// if it sees to the drawing itself; draw(), drawSoon(): now, with the next frame; beat(): twice a second; forget(): what was
// built beside `ui`; onNewDay(); onLost()}; parts: of the app
export function createLive(does, parts = {}) {
  const { secret: token } = readSecret(location.hash, TOKEN);
  const clock = new ServerClock();
  const page = document.getElementById("page");
  const announcer = new Announcer();
  const today = { key: "today", isToday: true, rows: new Rows(), day: null };
  const state = { you: null, office: null, isOnline: false, refusal: null, view: null, zone: ZONE, write: writer("ja", ZONE), onRefused: (refusal) => live.ui?.trouble.say(refusal) };
  const app = new App({ api: new Api(token), clock, announcer, state, today, shown: today, draw: does.drawSoon, shade, ...parts });
  const live = { app, page, ui: null, begin, choose, dress, turnTheme, isRefused };

  const socket = new Socket({
    clock,
    hello: () => ({ type: "hello", version: 1, token, language: currentLanguage() }),
    onMessage: hear,
    onOpen: () => {},
    onLost: () => setOnline(false),
    onRefused: (code) => refuse(CLOSED[code] ?? "unknown"),
  });

  function hear(message) {
    switch (message.type) {
      case "welcome":
        if (!does.isFor(message.you.role)) location.replace(`${does.elsewhere}${location.hash}`);
        if (message.you.role !== state.you?.role) forget();
        Object.assign(state, { you: message.you, office: message.office });
        setOnline(true);
        break;
      case "board":
        dayIs(message.day);
        today.rows.replace(message.sessions.map(does.changed));
        break;
      case "board_row":
        today.rows.take(does.changed(message.session));
        break;
      case "refused":
        if (message.closes && message.code !== "draining") refuse(message.code);
        break;
      default:
        break;
    }
    if (!does.take(message)) does.drawSoon();
  }

  function setOnline(isOnline) {
    state.isOnline = isOnline;
    if (!isOnline) does.onLost?.();
    does.draw();
  }

  function dayIs(day) {
    if (!day) return;
    if (today.day && today.day.date !== day.date) does.onNewDay?.();
    today.day = day;
    if (day.time_zone === state.zone) return;
    state.zone = day.time_zone;
    state.write = writer(currentLanguage(), state.zone);
  }

  function refuse(code) {
    state.refusal ??= code;
    forget();
    does.drawSoon();
  }

  // Everything is built anew: another language, another person, or nothing any more.
  function forget() {
    live.ui = null;
    app.forms?.close();
    does.forget?.();
    Object.assign(app, { drawer: null, forms: null });
  }

  // On a small screen the drawer covers everything else, which is out of reach then.
  function shade(isCovered) {
    for (const part of live.ui?.behind ?? []) part.inert = isCovered;
  }

  async function choose(language) {
    remember(language);
    await speak(language);
    state.write = writer(language, state.zone);
    const opened = app.openId();
    forget();
    does.draw();
    if (opened) app.open(opened);
  }

  // Nobody is let in: then the page says why, and there is nothing else to draw.
  function isRefused() {
    if (!state.refusal) return false;
    const key = `${state.refusal}|${currentLanguage()}`;
    if (page.dataset.refused !== key) {
      page.dataset.refused = key;
      page.replaceChildren(refusedPage(state.refusal, choose));
    }
    return true;
  }

  // As this person likes it, before there is anything to see.
  function dress() {
    const theme = kept(THEME);
    if (theme) document.documentElement.dataset.theme = theme;
  }

  function turnTheme() {
    const root = document.documentElement;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    keep(THEME, root.dataset.theme);
  }

  // Once there are words.
  function begin() {
    state.write = writer(currentLanguage(), state.zone);
    document.body.append(...announcer.els);
    if (!token) refuse("token_unknown");
    does.draw();
    setInterval(does.beat, BEAT_MS);
    window.addEventListener("hashchange", () => location.reload());
    if (token) socket.connect();
  }

  return live;
}
