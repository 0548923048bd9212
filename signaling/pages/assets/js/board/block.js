// One session in a counter's lane: a small band, filled to now; the thin line before it is the open doors.

import { h, keyed, setAttr, setText, setVar, show } from "../dom.js";
import { icon, phaseShape } from "../icons.js";
import { ms } from "../clock.js";
import { hasText, t } from "../text.js";
import { comingOf } from "./rows.js";
import { hasIncident, hereOf, isBad, isPresenceShown, marksOf, moreOf, seatIn, seekerIn, wordOf } from "./marks.js";
import { pxOf, xOf } from "./scale.js";
import { outcomeParts } from "./words.js";

const LEAST_PX = 12; // of a block; beside it there is no room for a name
const NARROW_PX = 40; // below this no word is whole: the mark alone is shown
const RUNNING = ["live", "waiting", "interrupted"];

export function createBlock(app) {
  const name = h("b");
  const word = h("span");
  const mark = h("i", { class: "blk__mark", "aria-hidden": "true", hidden: true });
  const more = h("span", { class: "vh" });
  const flag = icon("flag", "blk__flag");
  const button = h("button", { type: "button", class: "blk", tabindex: "-1", dataset: { testid: "row-open" }, onclick: () => app.open(el.dataset.sessionId), onpointerenter: () => explain() }, name, word, more, mark);
  const doors = h("i", { class: "doors" });
  const el = h("li", { class: "cell", dataset: { testid: "board-row" } }, doors, button, flag);
  let drawn = { row: null, scale: null };
  // What a narrow block cuts off; only for who points at it, since who listens has it all.
  const explain = () => (button.title = `${name.textContent} ${wordOf(drawn.row)}${more.textContent}`);

  function patch(row, scale) {
    Object.assign(el.dataset, { sessionId: row.id, version: row.version, phase: row.phase, outcome: row.outcome ?? "", cause: row.cause ?? "" });
    setVar(el, "x", xOf(scale, ms(row.starts_at)).toFixed(1));
    const wide = pxOf(scale, ms(row.ends_at) - ms(row.starts_at));
    const isNarrow = wide < NARROW_PX;
    setVar(el, "w", wide.toFixed(1));
    setVar(el, "d", pxOf(scale, ms(row.starts_at) - ms(row.opens_at)).toFixed(1));
    setText(name, seekerIn(row));
    keyed(word, `${row.phase}|${wordOf(row)}`, () => shortOf(row));
    setText(more, wordsOf(row, app));
    button.dataset.phase = row.phase;
    button.classList.toggle("bad", row.phase === "ended" && isBad(row));
    // In a narrow one the flag stands in place of the mark; the words stay for who listens, and for who points at it.
    button.classList.toggle("is-narrow", isNarrow);
    for (const one of [name, word]) one.classList.toggle("vh", isNarrow);
    keyed(mark, `${isNarrow}|${row.phase}|${hasIncident(row)}`, () => isNarrow && (hasIncident(row) ? icon("flag") : phaseShape(row.phase)));
    show(mark, isNarrow);
    el.classList.toggle("is-flagged", hasIncident(row) && !isNarrow);
    doors.dataset.phase = row.phase;
    show(doors, row.phase === "open");
  }

  return {
    el,
    button,
    // edge: how far the day is scrolled; a block that lies half under the counters' names keeps its own name beside them
    update(row, scale, now, edge) {
      if (row !== drawn.row || scale !== drawn.scale) {
        drawn = { row, scale };
        patch(row, scale);
      }
      const slot = ms(row.ends_at) - ms(row.starts_at);
      const gone = RUNNING.includes(row.phase) && now !== null ? Math.min(1, Math.max(0, (now - ms(row.starts_at)) / slot)) : 0;
      setVar(button, "f", gone.toFixed(3));
      const [covered, wide] = [edge - xOf(scale, ms(row.starts_at)), pxOf(scale, slot)];
      setVar(button, "under", covered > 0 && covered < wide ? Math.max(0, Math.round(Math.min(covered, wide - LEAST_PX))) : 0);
    },
    mark(isOpen) {
      button.classList.toggle("sel", isOpen);
      setAttr(button, "aria-expanded", String(isOpen));
    },
  };
}

// Whole words, the most important first: what does not fit beside it is not begun. The shape comes last, for the colour says it too.
function shortOf(row) {
  if (row.phase !== "ended" || !row.outcome) return [h("span", {}, wordOf(row)), row.phase !== "ended" && phaseShape(row.phase)];
  const [first, then] = outcomeParts(row.outcome, row.cause);
  return [h("span", {}, first), then && " ", then && h("span", {}, then)];
}

// What does not fit into the block, for who listens and for who searches the page.
function wordsOf(row, app) {
  const { write } = app;
  const coming = comingOf(row);
  const here = ["seeker", "supporter"].map((role) => `${t(role === "seeker" ? "board.guest" : "board.host")} ${t(`here.${hereOf(seatIn(row, role), row.phase).where}`)}`);
  const parts = [
    `${write.time(ms(row.starts_at))}–${write.time(ms(row.ends_at))}`,
    ...marksOf(row).map((key) => t(`mark.${key}`)),
    ...(isPresenceShown(row) ? here : []),
    moreOf(row, { isOutcomeSaid: row.phase === "ended" }),
    coming && `${t(hasText(`next.${coming.reason}`) ? `next.${coming.reason}` : "board.column.next")} ${write.moment(ms(coming.at))}`,
  ];
  return ` ${parts.filter(Boolean).join(t("list.and"))}`;
}
