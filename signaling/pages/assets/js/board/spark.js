// How a live room's lines have been in the last minutes: a small drawn line, the higher the better, and a word for who listens.

import { setAttr, svg } from "../dom.js";
import { t } from "../text.js";

const KEPT = 40; // ten minutes at four a minute
const [WIDTH, HEIGHT] = [44, 14];
const LOSS_BAD = 0.1; // from here on people hear it all the time
const [RTT_FINE, RTT_BAD] = [150, 800]; // milliseconds
const UNSTEADY = 0.3;

// What the feed told of each room: [loss, round trip] of the worst of its lines, null where nothing came.
export class Lines {
  #points = new Map();

  // sessions: [{id, points}]; those that are not named are not measured any more
  take(sessions) {
    const ids = new Set(sessions.map((one) => one.id));
    for (const id of [...this.#points.keys()]) if (!ids.has(id)) this.#points.delete(id);
    for (const { id, points } of sessions) this.#points.set(id, [...(this.#points.get(id) ?? []), ...points].slice(-KEPT));
  }

  forget = () => this.#points.clear();
  of = (id) => this.#points.get(id) ?? null;
}

// 0 is good, 1 is bad; null: nothing came
export function badness(point) {
  if (!point || (point[0] === null && point[1] === null)) return null;
  const [loss, rtt] = point;
  return Math.min(1, Math.max(0, (loss ?? 0) / LOSS_BAD, ((rtt ?? 0) - RTT_FINE) / (RTT_BAD - RTT_FINE)));
}

export function stateOf(points) {
  const last = badness(points.at(-1));
  if (last === null) return "lost";
  return Math.max(last, badness(points.at(-2)) ?? 0) >= UNSTEADY ? "bad" : "good";
}

// Points from the right, the newest at the edge; where nothing came there is no line.
export function pathOf(points) {
  const step = WIDTH / (KEPT - 1);
  let isOpen = false;
  return points
    .map((point, at) => {
      const bad = badness(point);
      if (bad === null) {
        isOpen = false;
        return "";
      }
      const x = (WIDTH - (points.length - 1 - at) * step).toFixed(1);
      const y = (3 + bad * (HEIGHT - 5)).toFixed(1);
      const begins = isOpen ? "L" : `M${(x - 1).toFixed(1)} ${y}L`;
      isOpen = true;
      return `${begins}${x} ${y}`;
    })
    .join("");
}

export function createSpark() {
  const path = svg("path", {});
  const el = svg("svg", { class: "spark", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", preserveAspectRatio: "none" }, path);
  let drawn = null;
  return {
    el,
    // points of this room, null: none are known; isLost: somebody's line is, whatever the others' says
    update(points, isLost) {
      const state = isLost ? "lost" : points && stateOf(points);
      setAttr(el, "data-state", points ? state : "none");
      setAttr(el, "aria-hidden", points ? null : "true");
      setAttr(el, "aria-label", points ? t(`board.line_state.${state}`) : null);
      if (drawn === points) return;
      drawn = points;
      setAttr(path, "d", points ? pathOf(points) : "");
    },
  };
}
