// The day as cards, one a session, what runs first. Only those in view are in the page.

import { h, setVar } from "../dom.js";
import { createCard } from "./card.js";
import { inView } from "./scale.js";
import { takeOut } from "./spare.js";

const NARROWEST = 280;

export function createCards(app) {
  const list = h("ol", { class: "cards__in", dataset: { testid: "staff-list" }, onkeydown: (event) => pressed(event), onfocusin: (event) => focused(event) });
  const el = h("div", { class: "cards", onscroll: () => scrolled() }, list);
  const views = new Map();
  const state = { rows: [], columns: 1, size: 136, height: 0, top: 0, focus: null, now: null, isAsked: false };

  new ResizeObserver(() => {
    measure();
    app.draw();
  }).observe(el);
  addEventListener("scroll", () => el.isConnected && scrolled(), { passive: true });

  function measure() {
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    state.columns = Math.max(1, Math.floor(el.clientWidth / (NARROWEST * (rem / 16))));
    state.size = parseFloat(getComputedStyle(el).getPropertyValue("--card")) * rem || 136;
  }

  // On a narrow screen it is the page that scrolls, not the list.
  function look() {
    const isOwn = el.scrollHeight > el.clientHeight + 1;
    const top = isOwn ? el.scrollTop : Math.max(0, -el.getBoundingClientRect().top);
    return { top, height: isOwn ? el.clientHeight : innerHeight };
  }

  // A frame may bring several of these; one drawing is enough.
  function scrolled() {
    if (state.isAsked) return;
    state.isAsked = true;
    requestAnimationFrame(() => {
      state.isAsked = false;
      render();
    });
  }

  // isBeat: time is drawn as well, not only what has happened
  function update(now, isBeat = true) {
    const { shown } = app;
    state.now = shown.isToday ? now : null;
    state.rows = shown.rows.list(app.filter);
    if (!state.height) measure();
    state.height = el.clientHeight;
    render(isBeat);
  }

  function render(isBeat = false) {
    const { rows, columns, size } = state;
    const [from, to] = inView({ ...look(), size, count: rows.length, columns });
    setVar(list, "rows", Math.ceil(rows.length / columns));
    setVar(list, "columns", columns);
    const inside = focusInside();
    const kept = inside ? rows.findIndex((row) => row.id === inside) : -1;
    const wanted = new Map();
    if (kept >= 0 && kept < from) wanted.set(rows[kept].id, kept);
    for (let at = from; at < to; at += 1) wanted.set(rows[at].id, at);
    if (kept >= to) wanted.set(rows[kept].id, kept);
    const spare = takeOut(views, wanted);
    const rover = wanted.has(state.focus) ? state.focus : rows[from]?.id;
    let place = 0;
    for (const [id, at] of wanted) {
      if (!views.has(id)) views.set(id, spare.pop() ?? createCard(app));
      const view = views.get(id);
      view.update(rows[at], { at, count: rows.length, columns, now: state.now, isBeat, isOpen: app.openId() === id, isRover: id === rover });
      if (list.children[place] !== view.el) list.insertBefore(view.el, list.children[place] ?? null);
      place += 1;
    }
  }

  const focusInside = () => (list.contains(document.activeElement) ? document.activeElement.closest("[data-session-id]")?.dataset.sessionId : null);

  function focused(event) {
    const id = event.target.closest("[data-session-id]")?.dataset.sessionId;
    if (!id || id === state.focus) return;
    state.focus = id;
    app.draw();
  }

  function pressed(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -state.columns, ArrowDown: state.columns, PageUp: -5 * state.columns, PageDown: 5 * state.columns, Home: -Infinity, End: Infinity };
    const step = steps[event.key];
    const id = focusInside();
    if (!step || !id || event.altKey || event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    const at = state.rows.findIndex((row) => row.id === id) + step;
    focusOn(state.rows[Math.max(0, Math.min(state.rows.length - 1, at))].id);
  }

  function focusOn(id) {
    const at = state.rows.findIndex((row) => row.id === id);
    if (at < 0) return false;
    const top = Math.floor(at / state.columns) * state.size;
    if (top < el.scrollTop) el.scrollTop = top;
    else if (top + state.size > el.scrollTop + el.clientHeight) el.scrollTop = top + state.size - el.clientHeight;
    state.focus = id;
    render();
    views.get(id)?.focus();
    render();
    return views.has(id);
  }

  return { el, back: null, update, focusOn, follow: () => {}, count: () => state.rows.length };
}
