// One counter: who sits there, what runs or comes, in how long, how the line is; and its sessions along the day.

import { h, keyed, setAttr, setText } from "../dom.js";
import { phaseShape, plate } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { currentLanguage, hasText, t } from "../text.js";
import { createBlock } from "./block.js";
import { comingOf, isHot, leadOf } from "./rows.js";
import { createSpark } from "./spark.js";

export function createLane(app) {
  const sign = h("span");
  const name = h("b");
  const phase = h("span", { class: "phase" });
  const spark = createSpark();
  const left = h("b", { class: "num" });
  const what = h("span");
  const coming = h("span", { class: "c" }, left, what);
  const head = h("div", { class: "tt__head" }, sign, h("span", { class: "n" }, name, phase), spark.el, coming);
  const track = h("ul", { class: "lane" });
  const el = h("li", { class: "tt__row", dataset: { testid: "lane" } }, head, track);
  const blocks = new Map();

  function place(rows) {
    const wanted = new Set(rows.map((row) => row.id));
    for (const [id, block] of blocks) {
      if (wanted.has(id)) continue;
      block.el.remove();
      blocks.delete(id);
    }
    rows.forEach((row, at) => {
      if (!blocks.has(row.id)) blocks.set(row.id, createBlock(app));
      const { el: cell } = blocks.get(row.id);
      if (track.children[at] !== cell) track.insertBefore(cell, track.children[at] ?? null);
    });
  }

  function next(lead, now) {
    const moment = now === null ? null : comingOf(lead);
    setText(left, moment ? countdown(ms(moment.at) - now) : "");
    setText(what, moment ? t(hasText(`next.${moment.reason}`) ? `next.${moment.reason}` : "board.column.next") : "");
    setAttr(coming, "class", moment && isHot(moment, now) ? "c hot" : "c");
  }

  return {
    el,
    block: (id) => blocks.get(id),
    // lane: {key, name, rows}; at, count: which of how many; context: {scale, now, openId, rover}
    update(lane, at, count, { scale, now, openId, rover }) {
      const lead = leadOf(lane.rows);
      setAttr(el, "aria-posinset", String(at + 1));
      setAttr(el, "aria-setsize", String(count));
      el.style.setProperty("--i", at);
      keyed(sign, lane.name, () => plate(lane.name, "plate--s"));
      setText(name, lane.name);
      setAttr(track, "aria-label", lane.name);
      phase.dataset.phase = lead.phase;
      keyed(phase, `${lead.phase}|${currentLanguage()}`, () => [phaseShape(lead.phase), t(`phase.${lead.phase}`)]);
      spark.update(lead.phase === "live" || lead.phase === "interrupted" ? app.lines.of(lead.id) : null, lead.phase === "interrupted");
      next(lead, now);
      if (lane.rows.length !== blocks.size || lane.rows.some((row, n) => track.children[n] !== blocks.get(row.id)?.el)) place(lane.rows);
      for (const row of lane.rows) {
        const block = blocks.get(row.id);
        block.update(row, scale, now);
        block.mark(row.id === openId);
        setAttr(block.button, "tabindex", row.id === rover ? "0" : "-1");
      }
      el.classList.toggle("is-open", lane.rows.some((row) => row.id === openId));
    },
  };
}
