// The day as a timeline: counters down, time across. Only the lanes in view are in the page; it follows now until somebody scrolls away.

import { h, setAttr, setText, setVar, show } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { createLane } from "./lane.js";
import { leadOf } from "./rows.js";
import { atOf, inView, pxOf, scaleOf, xOf } from "./scale.js";
import { takeOut } from "./spare.js";

const HOUR = 3600000;
const GRID = 900000; // of a booking that is pointed at
const NOW_AT = 0.62; // where now stands across the width while it is followed
const BEFORE = 24; // what is seen of another day before its first moment, in pixels
const NEAR_NOW = 44; // an hour's figure this near to now is not written, in pixels
const HALF = 18; // of an hour's figure: nearer to an edge it would be cut

export function createTimeline(app) {
  const hours = h("div", { class: "tt__hours", "aria-hidden": "true" });
  const corner = h("span", { class: "tt__corner" }, t("board.column.lane"), h("span", {}, t("board.column.left")));
  const axis = h("div", { class: "tt__axis" }, corner, hours);
  const grid = h("div", { class: "tt__grid", "aria-hidden": "true" });
  const list = h("ol", { class: "tt__lanes", dataset: { testid: "staff-list" }, "aria-label": t("board.title"), onkeydown: (event) => pressed(event), onfocusin: (event) => focused(event), ondblclick: (event) => pointed(event) });
  const mark = h("b", { class: "num now" });
  const line = h("i", { class: "tt__now", "aria-hidden": "true" });
  const inner = h("div", { class: "tt__in" }, axis, grid, line, list);
  const el = h("div", { class: "tt", onscroll: () => scrolled() }, inner);
  const back = h("button", { type: "button", class: "btn btn--s tt__back", hidden: true, dataset: { testid: "to-now" }, onclick: () => follow() }, t("board.to_now"));
  const views = new Map(); // of the lanes in the page
  // top, left, height, width: as the browser told last; to ask it while drawing would make it lay out the page in the middle of that
  const state = { lanes: [], range: null, scale: null, key: null, day: null, hours: [], x: null, focus: null, isFollowing: true, moved: 0, laneH: 38, head: 246, top: 0, left: 0, height: 0, width: 0, now: null, isAsked: false };

  new ResizeObserver(() => {
    measure();
    if (app.openId() !== null) reveal(app.openId()); // the drawer has taken room
    app.draw();
  }).observe(el);

  function measure() {
    const style = getComputedStyle(el);
    state.laneH = parseFloat(style.getPropertyValue("--lane")) * parseFloat(getComputedStyle(document.documentElement).fontSize) || 38;
    state.head = corner.offsetWidth || 246;
    state.height = el.clientHeight;
    state.width = el.clientWidth;
  }

  // ---- drawing -----------------------------------------------------------------------------------

  // isBeat: time is drawn as well, not only what has happened
  function update(now, isBeat = true) {
    const { shown } = app;
    state.now = shown.isToday ? now : null;
    state.lanes = shown.rows.lanes(app.filter);
    if (state.range?.rows !== shown.rows || state.range.moves !== shown.rows.moves) state.range = rangeOf(shown.rows);
    const key = [shown.key, state.range.key, Math.max(0, state.width - state.head), state.now === null ? "" : Math.floor(now / HOUR), currentLanguage(), app.zone].join("|");
    const isPlacedAnew = key !== state.key && state.width > 0;
    if (isPlacedAnew) {
      state.key = key;
      state.scale = scaleOf([...shown.rows.all()], { day: shown.day, now: state.now, width: Math.max(0, state.width - state.head) });
      drawAxis();
    }
    if (state.scale === null) return;
    setVar(inner, "n", state.lanes.length);
    if (state.day !== shown.key && state.width > 0) begin(shown);
    if (isBeat || isPlacedAnew) drawNow();
    render(isBeat);
  }

  // Of today one sees now, of another day its first session; of one without any, when somebody is received.
  function begin({ key, isToday, day }) {
    state.day = key;
    state.isFollowing = true;
    show(back, false);
    if (isToday) return;
    const first = state.range.least || day.open[0]?.begins_at;
    if (first) scrollTo(xOf(state.scale, ms(first)) - BEFORE);
    state.top = el.scrollTop = 0;
  }

  // What decides the stretch of time: only when it changes is everything placed anew.
  function rangeOf(rows) {
    let [least, most] = ["", ""];
    for (const row of rows.all()) {
      if (least === "" || row.opens_at < least) least = row.opens_at;
      if (row.ends_at > most) most = row.ends_at;
    }
    return { rows, least, moves: rows.moves, key: `${least}|${most}|${rows.size}` };
  }

  function drawAxis() {
    const { scale } = state;
    setVar(inner, "px", scale.width);
    setVar(inner, "half", pxOf(scale, HOUR / 2).toFixed(2));
    state.hours = Array.from({ length: scale.hours }, (_, n) => hourAt(scale.start + n * HOUR));
    state.x = null;
    hours.replaceChildren(...state.hours.map((hour) => hour.el), mark);
    grid.replaceChildren(...scale.closed.map((one) => h("i", { class: "tt__closed", vars: { x: xOf(scale, one.from).toFixed(1), w: pxOf(scale, one.to - one.from).toFixed(1) } })));
  }

  function hourAt(at) {
    const x = xOf(state.scale, at);
    return { x, el: h("b", { class: "num", vars: { x: x.toFixed(1) } }, app.write.time(at)) };
  }

  function drawNow() {
    const { scale, now } = state;
    const isShown = now !== null;
    show(line, isShown);
    show(mark, isShown);
    if (!isShown) return drawHours();
    setText(mark, app.write.time(now));
    const x = Number(xOf(scale, now).toFixed(1));
    if (x !== state.x) {
      state.x = x;
      setVar(mark, "x", x);
      setVar(line, "x", x);
      drawHours();
    }
    if (state.isFollowing) scrollTo(followed(x));
  }

  // Now stands where much of the day before it is seen; of hours without a session nothing, as long as now is in sight.
  function followed(x) {
    const room = (state.width - state.head) * NOW_AT;
    const first = state.range.least === "" ? x : Math.floor(xOf(state.scale, Math.floor(ms(state.range.least) / HOUR) * HOUR));
    return Math.max(x - room, Math.min(first, x) - BEFORE);
  }

  // Figures whole, or not at all: none under now, none cut at an edge.
  function drawHours() {
    const wide = state.width - state.head;
    for (const [n, hour] of state.hours.entries()) {
      const x = hour.x - state.left;
      const isCut = x > wide - HALF || (x < HALF && !(n === 0 && state.left === 0));
      show(hour.el, !isCut && (state.x === null || Math.abs(hour.x - state.x) > NEAR_NOW));
    }
  }

  function render(isBeat = false) {
    const [from, to] = inView({ top: state.top, height: state.height, size: state.laneH, count: state.lanes.length });
    const inside = focusInside();
    const kept = inside ? state.lanes.findIndex((lane) => lane.rows.some((row) => row.id === inside)) : -1;
    const wanted = new Map();
    if (kept >= 0 && kept < from) wanted.set(state.lanes[kept].key, kept);
    for (let at = from; at < to; at += 1) wanted.set(state.lanes[at].key, at);
    if (kept >= to) wanted.set(state.lanes[kept].key, kept);
    const spare = takeOut(views, wanted);
    const context = { scale: state.scale, now: state.now, edge: state.left, isBeat, openId: app.openId(), rover: rover([...wanted.values()]) };
    reach(context.rover === null);
    let place = 0;
    for (const [key, at] of wanted) {
      if (!views.has(key)) views.set(key, spare.pop() ?? createLane(app));
      const view = views.get(key);
      view.update(state.lanes[at], at, state.lanes.length, context);
      if (list.children[place] !== view.el) list.insertBefore(view.el, list.children[place] ?? null);
      place += 1;
    }
  }

  // Where no session takes the focus, the day itself does: it can be scrolled with the keys.
  function reach(isEmpty) {
    setAttr(el, "tabindex", isEmpty ? "0" : null);
    setAttr(el, "role", isEmpty ? "region" : null);
    setAttr(el, "aria-label", isEmpty ? t("board.title") : null);
  }

  // The one block that Tab comes to: where the keys were last, or what the first counter in view is about.
  function rover(inPage) {
    const isInPage = inPage.some((at) => state.lanes[at].rows.some((row) => row.id === state.focus));
    if (isInPage) return state.focus;
    const first = inPage.find((at) => state.lanes[at].rows.length > 0);
    return first === undefined ? null : leadOf(state.lanes[first].rows).id;
  }

  const focusInside = () => (list.contains(document.activeElement) ? document.activeElement.closest("[data-session-id]")?.dataset.sessionId : null);

  // ---- scrolling ---------------------------------------------------------------------------------

  const farthest = () => Math.max(0, state.head + state.scale.width - state.width);

  function scrollTo(x) {
    const wanted = Math.round(Math.max(0, Math.min(x, farthest())));
    if (Math.abs(state.left - wanted) < 1) return;
    state.moved = state.left = wanted;
    el.scrollLeft = wanted;
    drawHours();
  }

  // A frame may bring several of these; one drawing is enough.
  function scrolled() {
    state.top = el.scrollTop;
    state.left = el.scrollLeft;
    if (state.scale === null) return;
    // Where a wider window leaves less to scroll, it is the browser that goes back to the end: nobody has scrolled away.
    const isAtEnd = state.moved > state.left && state.left >= el.scrollWidth - el.clientWidth - 1;
    if (state.isFollowing && state.now !== null && Math.abs(state.left - state.moved) > 2 && !isAtEnd && farthest() > 0) {
      state.isFollowing = false;
      show(back, true);
    }
    if (state.isAsked) return;
    state.isAsked = true;
    requestAnimationFrame(() => {
      state.isAsked = false;
      drawHours();
      render();
    });
  }

  function follow() {
    state.isFollowing = true;
    show(back, false);
    app.draw();
  }

  // ---- keys: arrows between counters and sessions --------------------------------------------------

  function focused(event) {
    const id = event.target.closest("[data-session-id]")?.dataset.sessionId;
    if (!id) return;
    if (event.target.matches(":focus-visible")) reveal(id); // to the browser what lies under the names is in view
    if (id === state.focus) return;
    state.focus = id;
    app.draw();
  }

  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], PageUp: [-10, 0], PageDown: [10, 0], Home: [0, -Infinity], End: [0, Infinity] };

  function pressed(event) {
    const step = STEPS[event.key];
    const id = focusInside();
    if (!step || !id || event.altKey || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const [down, along] = step;
    const lanes = state.lanes.filter((lane) => lane.rows.length > 0);
    const at = lanes.findIndex((lane) => lane.rows.some((row) => row.id === id));
    const { rows } = lanes[at];
    const here = rows.findIndex((row) => row.id === id);
    if (along) {
      focusOn(rows[Math.max(0, Math.min(rows.length - 1, here + along))].id);
      return;
    }
    const other = lanes[Math.max(0, Math.min(lanes.length - 1, at + down))].rows;
    const far = (row) => Math.abs(ms(row.starts_at) - ms(rows[here].starts_at));
    focusOn(other.reduce((one, two) => (far(two) < far(one) ? two : one)).id);
  }

  // Into view; its lane, or null: it is not shown.
  function reveal(id) {
    const at = state.lanes.findIndex((lane) => lane.rows.some((row) => row.id === id));
    if (at < 0 || state.scale === null) return null;
    const row = state.lanes[at].rows.find((one) => one.id === id);
    const top = at * state.laneH;
    const room = state.height - axis.offsetHeight - state.laneH;
    if (top < el.scrollTop) el.scrollTop = top;
    else if (top > el.scrollTop + room) el.scrollTop = top - room;
    const [x, wide] = [xOf(state.scale, ms(row.starts_at)), state.width - state.head];
    const end = xOf(state.scale, ms(row.ends_at));
    if (x < el.scrollLeft) el.scrollLeft = x - 8;
    else if (end > el.scrollLeft + wide) el.scrollLeft = end - wide + 8;
    state.top = el.scrollTop; // what is drawn next is drawn there
    return state.lanes[at];
  }

  // An empty place of a counter's line, pressed twice: a booking there and then.
  function pointed(event) {
    const track = event.target.closest(".lane");
    if (!track || event.target.closest(".cell") || state.scale === null) return;
    const lane = state.lanes[Number(track.closest(".tt__row").getAttribute("aria-posinset")) - 1];
    const at = atOf(state.scale, event.clientX - track.getBoundingClientRect().left);
    app.book({ person: lane.key, starts_at: Math.floor(at / GRID) * GRID });
  }

  // Into view and under the keys; false: it is not shown.
  function focusOn(id) {
    const lane = reveal(id);
    if (lane === null) return false;
    state.focus = id;
    render();
    const block = views.get(lane.key)?.block(id);
    block?.button.focus({ preventScroll: true });
    render();
    return Boolean(block);
  }

  return { el, back, update, focusOn, reveal, follow, count: () => state.lanes.reduce((sum, lane) => sum + lane.rows.length, 0) };
}
