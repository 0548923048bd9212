// One counter: who sits there, what runs or comes, in how long, how the line is; and its sessions along the day.

import { h, keyed, setAttr, setText, setVar } from "../dom.js";
import { phaseShape, plate } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { currentLanguage, hasText, t } from "../text.js";
import { createBlock } from "./block.js";
import { comingOf, isHot, leadOf } from "./rows.js";
import { takeOut } from "./spare.js";
import { createSpark } from "./spark.js";

export function createLane(app) {
  const sign = h("span");
  const name = h("b", { onpointerenter: () => (name.title = name.textContent) });
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
    const spare = takeOut(blocks, wanted);
    rows.forEach((row, at) => {
      if (!blocks.has(row.id)) blocks.set(row.id, spare.pop() ?? createBlock(app));
      const { el: cell } = blocks.get(row.id);
      if (track.children[at] !== cell) track.insertBefore(cell, track.children[at] ?? null);
    });
  }

  function tell(lead, now) {
    const moment = now === null || !lead ? null : comingOf(lead);
    setText(left, moment ? countdown(ms(moment.at) - now) : "");
    setText(what, moment ? t(hasText(`next.${moment.reason}`) ? `next.${moment.reason}` : "board.column.next") : "");
    setAttr(coming, "class", moment && isHot(moment, now) ? "c hot" : "c");
  }

  // What was drawn last. Of a thousand rooms one has changed: what another one shows is not even looked at.
  let drawn = { rows: [] };

  function isDrawn(asked) {
    return ["who", "at", "count", "scale", "openId", "rover"].every((key) => drawn[key] === asked[key]) && drawn.rows.length === asked.rows.length && asked.rows.every((row, n) => row === drawn.rows[n]);
  }

  return {
    el,
    block: (id) => blocks.get(id),
    // lane: {key, name, rows}, of which there may be none; at, count: which of how many; context: {scale, now, edge, isBeat, openId, rover}
    update({ name: who, rows }, at, count, { scale, now, edge, isBeat, openId, rover }) {
      const own = (id) => (rows.some((row) => row.id === id) ? id : null);
      const asked = { who, rows: [...rows], at, count, scale, openId: own(openId), rover: own(rover) };
      if (!isBeat && isDrawn(asked)) return;
      drawn = asked;
      const lead = leadOf(rows);
      setAttr(el, "aria-posinset", at + 1);
      setAttr(el, "aria-setsize", count);
      setVar(el, "i", at);
      keyed(sign, who, () => plate(who, "plate--s"));
      setText(name, who);
      setAttr(track, "aria-label", who);
      setAttr(phase, "data-phase", lead?.phase);
      keyed(phase, `${lead?.phase}|${currentLanguage()}`, () => lead && [phaseShape(lead.phase), t(`phase.${lead.phase}`)]);
      spark.update(lead?.phase === "live" || lead?.phase === "interrupted" ? app.lines.of(lead.id) : null, lead?.phase === "interrupted");
      tell(lead, now);
      if (rows.length !== blocks.size || rows.some((row, n) => track.children[n] !== blocks.get(row.id)?.el)) place(rows);
      for (const row of rows) {
        const block = blocks.get(row.id);
        block.update(row, scale, now, edge);
        block.mark(row.id === openId);
        setAttr(block.button, "tabindex", row.id === rover ? "0" : "-1");
      }
      el.classList.toggle("is-open", asked.openId !== null);
    },
  };
}
