// One session opened up: the band, what happened, the verdict and why, what waits for somebody, who belongs to it.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { createBand, planOf } from "../band.js";
import { icon, phaseShape, plate } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { bandWords } from "../parts.js";
import { ACTIONS } from "./actions.js";
import { createAnswers } from "./answers.js";
import { asRefusal } from "./api.js";
import { openRoom } from "../desk/enter.js";
import { createRefusal } from "./forms.js";
import { historyOf, isOutdated } from "./history.js";
import { linesOf } from "./lines.js";
import { mattersOf } from "./matters.js";
import { peopleOf } from "./people.js";
import { createPresences, lostOf } from "./presences.js";
import { verdictOf } from "./verdict.js";
import { outcomeWords } from "./words.js";

const NARROW = matchMedia("(max-width: 1000px)");
const LINES_MS = 5000; // as often as pages tell
const AGAIN_MS = 15000; // of a session that the feed does not tell of: it is of another day
const GATHER_MS = 200; // a session that changes fast is read once, not at each change

export function createDrawer(app) {
  const title = h("h2", { id: "drawer-title", tabindex: "-1" });
  const sign = h("span");
  const more = h("span", { class: "drawer__more" });
  const actions = h("div", { class: "drawer__do" });
  const close = h("button", { type: "button", class: "btn btn--s btn--plain", "aria-label": t("board.close"), dataset: { testid: "drawer-close" }, onclick: () => shut() }, icon("cross", "i--s"));
  const told = h("p", { class: "drawer__told", role: "status", dataset: { testid: "told" } });
  const refusal = createRefusal();
  const band = createBand({ size: "s", names: true, gap: 0.11 });
  const presences = createPresences(band);
  const parts = { matters: h("div"), verdict: h("div"), people: h("div"), lines: h("div"), history: h("div") };
  const answers = createAnswers(app);
  const section = (name) => h("section", { class: `drawer__${name}` }, h("h3", {}, t(`board.part.${name}`)), parts[name]);
  const lines = section("lines");
  show(lines, false);
  const cols = h("div", { class: "drawer__cols" }, h("div", { class: "col", tabindex: "0" }, section("history")), h("div", { class: "col", tabindex: "0" }, section("verdict")), h("div", { class: "col", tabindex: "0" }, section("matters"), section("people"), answers.el, lines));
  const body = h("div", { class: "drawer__body" }, h("div", { class: "drawer__band" }, presences.el), cols);
  const el = h("section", { class: "drawer", hidden: true, dataset: { testid: "drawer" }, "aria-labelledby": "drawer-title" }, h("div", { class: "drawer__hd" }, sign, title, more, actions, close), told, refusal.el, body);
  const state = { id: null, session: null, events: [], notes: {}, lines: [], readAt: 0, toldAt: 0, isReading: false, wantsAgain: false, timer: 0, opener: null, turn: 0 };

  function open(id) {
    if (state.id === id) {
      title.focus();
      return;
    }
    if (state.id === null) state.opener = document.activeElement;
    Object.assign(state, { id, session: null, events: [], notes: {}, lines: [], turn: state.turn + 1 });
    refusal.clear();
    setText(told, "");
    setText(title, app.nameOf(id));
    for (const part of Object.values(parts)) keyed(part, `reading|${id}`, () => h("p", { class: "quiet" }, t("board.reading")));
    keyed(actions, "", () => []);
    show(el, true);
    app.shade(NARROW.matches);
    title.focus();
    read();
    app.draw();
  }

  function shut() {
    const { id } = state;
    Object.assign(state, { id: null, session: null, turn: state.turn + 1 });
    answers.forget();
    show(el, false);
    app.shade(false);
    app.focusRow(state.opener, id);
    app.draw();
  }

  async function read() {
    if (state.isReading) {
      state.wantsAgain = true;
      return;
    }
    const { id, turn } = state;
    if (id === null) return;
    Object.assign(state, { isReading: true, readAt: app.now() });
    const at = `/sessions/${encodeURIComponent(id)}`;
    try {
      const [session, { events }, notes] = await Promise.all([app.api.get(at), app.api.get(`${at}/events`), app.isScheduler() ? app.api.get(`${at}/notes`) : { notes: {} }]);
      if (turn === state.turn) {
        const isFirst = state.session === null;
        Object.assign(state, { session, events, notes: notes.notes });
        if (isFirst) readLines();
      }
      app.learn(peopleIn(session, events));
    } catch (error) {
      if (turn === state.turn) refusal.say(asRefusal(error));
    } finally {
      state.isReading = false;
    }
    if (state.wantsAgain || turn !== state.turn) {
      state.wantsAgain = false;
      hurry();
    }
    app.draw();
  }

  // In memory of the node that carries the call, and only while it does: what cannot be had is not shown.
  async function readLines() {
    const { id, turn, session } = state;
    const isMeasured = ["live", "interrupted"].includes(session?.phase) && document.visibilityState === "visible";
    const found = isMeasured ? await app.api.get(`/sessions/${encodeURIComponent(id)}/lines`).catch(() => null) : null;
    if (turn !== state.turn) return;
    state.lines = found?.lines ?? [];
    app.draw();
  }
  setInterval(readLines, LINES_MS);

  function hurry() {
    clearTimeout(state.timer);
    state.timer = setTimeout(read, GATHER_MS);
  }

  function draw(now) {
    const { session } = state;
    if (state.id === null || session === null) return;
    if (!app.today.rows.get(state.id) && now - state.readAt > AGAIN_MS && document.visibilityState === "visible") read();
    if (isOutdated(state.toldAt, state.events)) setText(told, ""); // "It is booked." is untrue of what has begun since
    const hadFocus = el.contains(document.activeElement);
    const row = app.row(session.id);
    const key = (...also) => JSON.stringify([session.id, session.version, session.tasks, row?.call, row?.goodbye, row?.extension, state.events.length, state.notes, [...app.names], app.isScheduler(), currentLanguage(), ...also]);
    const seeker = session.participants.find((one) => one.role === "seeker");
    const supporter = session.participants.find((one) => one.role === "supporter");
    setText(title, seeker?.display_name ?? "");
    keyed(sign, supporter?.display_name, () => plate(supporter?.display_name));
    keyed(more, key(app.titleOf(session.programme)), () => headOf(session, supporter, app));
    keyed(actions, key(), () => buttonsOf(session, app));
    drawHistory(session, key());
    keyed(parts.verdict, key(), () => flat(verdictOf(session, app)));
    keyed(parts.matters, key(), () => flat(mattersOf(session, app)));
    keyed(parts.people, key(row?.seats.map((seat) => seat.away_as)), () => flat(peopleOf(session, app)));
    answers.update(session);
    show(lines, state.lines.length > 0 && session.phase !== "ended");
    keyed(parts.lines, JSON.stringify([state.lines, currentLanguage()]), () => linesOf(state.lines, (seat) => session.participants.find((one) => one.seat === seat)?.display_name ?? seat));
    drawBand(session, row, now);
    // What had the focus is gone with what was done: the title is where one goes on.
    if (hadFocus && !el.contains(document.activeElement) && !app.forms.isOpen()) title.focus({ preventScroll: true });
  }

  // What happened last is what one wants to see; who has scrolled back stays there.
  function drawHistory(session, key) {
    const col = parts.history.closest(".col");
    const isAtEnd = col.scrollTop + col.clientHeight >= col.scrollHeight - 24;
    keyed(parts.history, key, () => historyOf(session, state.events, app));
    if (isAtEnd && !NARROW.matches) col.scrollTop = col.scrollHeight;
  }

  function drawBand(session, row, now) {
    const notices = { seeker: session.seeker_notice, supporter: session.supporter_notice };
    const label = t("band.label", { start: app.write.moment(ms(session.starts_at)), end: app.write.moment(ms(session.ends_at)) });
    const endedAt = ms(session.ended_at);
    const plan = planOf({ ...session, notices, maintenance_at: row?.maintenance_at, warnings_s: row?.warnings_s ?? [] }, now, { words: bandWords(), write: app.write, lost: lostOf(state.events, endedAt, ms(session.opens_at)), label });
    band.update(plan);
    presences.update(state.events, session, plan, endedAt ?? now, app.write);
  }

  return {
    el,
    open,
    shut,
    draw,
    refusal,
    id: () => state.id,
    events: (id) => (id === state.id ? state.events : []),
    note: (id, key) => (id === state.id ? state.notes[key] : undefined),
    tell(words) {
      state.toldAt = app.now();
      setText(told, words);
    },
    focus: () => title.focus({ preventScroll: true }),
    // The row of a session has changed, or something was done about it.
    hurry: (id) => id === state.id && hurry(),
    changed: (row) => row.id === state.id && row.version > (state.session?.version ?? -1) && hurry(),
    setBusy: (isBusy) => setAttr(el, "aria-busy", isBusy ? "true" : null),
  };
}

// Parts may hold lists and nothing.
const flat = (list) => list.flat(3).filter((one) => one !== null && one !== undefined && one !== false);

function peopleIn(session, events) {
  return [...events.flatMap((event) => [event.data.by, event.data.before, event.data.after]), ...(session.overrulings ?? []).map((one) => one.by), ...(session.incidents ?? []).flatMap((one) => [one.by, one.resolved_by])];
}

function headOf(session, supporter, app) {
  const when = `${app.write.day(ms(session.starts_at))} ${app.write.time(ms(session.starts_at))}–${app.write.time(ms(session.ends_at))}`;
  const over = session.outcome && outcomeWords(session.outcome, session.cause);
  return [
    h("span", {}, t("board.with", { name: supporter?.display_name ?? "" })),
    h("span", { class: "num" }, when),
    h("span", { class: "phase", dataset: { phase: session.phase } }, phaseShape(session.phase), over ? t("board.over", { outcome: over }) : t(`phase.${session.phase}`)),
    h("span", { class: "quiet" }, t(`board.medium.${session.medium}`)),
    h("span", { class: "quiet" }, app.titleOf(session.programme)),
  ];
}

function buttonsOf(session, app) {
  const buttons = ACTIONS.filter((action) => action.isFor(session, app)).map((action) => h("button", { type: "button", class: `btn btn--s${action.isGrave ? " btn--stop" : ""}`, dataset: { testid: `act-${action.key}` }, onclick: () => action.ask(session, app) }, t(`board.action.${action.key}`)));
  const mine = !app.isScheduler() && session.phase !== "ended";
  if (mine) buttons.unshift(h("button", { type: "button", class: "btn btn--s btn--go", dataset: { testid: "open-room" }, onclick: () => openRoom(session.id, app) }, t("board.do.room")));
  return buttons;
}
