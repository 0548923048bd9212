// One session on the board: who, where everybody is, what comes next and in how long; its block in the lane of the day.

import { h, keyed, setAttr, setText, setVar, show } from "./dom.js";
import { phaseShape, plate } from "./icons.js";
import { countdown, ms } from "./clock.js";
import { currentLanguage, hasText, t } from "./text.js";
import { nameOf } from "./parts.js";
import { awayAs } from "./state.js";
import { outcomeWords } from "./board/words.js";

const HOT_MS = 60000; // a deadline of absence or loss that is this near is shown in red

// open(): the session was chosen
export function createRow(open) {
  const when = h("span", { class: "num" });
  const host = h("b");
  const marks = h("span", { class: "row__marks" });
  const sign = h("span");
  const guest = h("b");
  const chosen = h("button", { type: "button", class: "row__open", dataset: { testid: "row-open" } }, guest);
  const others = h("span", { class: "small quiet" });
  const here = { seeker: presence("board.guest"), supporter: presence("board.host") };
  const phase = h("span", { class: "phase" });
  const more = h("small");
  const state = h("div", { class: "row__state" }, phase, more);
  const left = h("b", { class: "num" });
  const what = h("span");
  const next = h("div", { class: "row__next" }, left, what);
  const block = h("span", { class: "blk" }, h("b"));
  const doors = h("i", { class: "doors" });
  const lane = h("div", { class: "row__lane", "aria-hidden": "true" }, doors, block);
  const el = h(
    "div",
    { class: "row", role: "listitem", dataset: { testid: "board-row" }, onclick: open },
    h("div", { class: "row__head" }, h("div", { class: "row__when" }, sign, h("span", { class: "row__who" }, host, when)), h("div", { class: "row__who" }, chosen, others, marks), h("div", { class: "row__here" }, here.seeker.el, here.supporter.el), state, next),
    lane,
  );
  let drawn = { row: null, context: null };

  // What changes only with the session's version or the language.
  function patch(row, { write, start, span, hours }) {
    el.dataset.sessionId = row.id;
    el.dataset.phase = row.phase;
    el.dataset.outcome = row.outcome ?? "";
    el.dataset.cause = row.cause ?? "";
    keyed(sign, row.supporter, () => plate(row.supporter, "plate--s"));
    setText(host, row.supporter);
    setText(when, `${write.time(ms(row.starts_at))}–${write.time(ms(row.ends_at))}`);
    const name = row.seats.find((seat) => seat.role === "seeker")?.display_name ?? "";
    setText(guest, name);
    setAttr(chosen, "aria-label", t("board.open_of", { name: `${name} ${write.time(ms(row.starts_at))}` }));
    keyed(marks, JSON.stringify([marksOf(row), currentLanguage()]), () => marksOf(row).map((key) => h("span", { class: "tag", dataset: { mark: key } }, t(`mark.${key}`))));
    const companions = row.seats.filter((seat) => ["companion", "scheduler"].includes(seat.role));
    setText(others, companions.map((seat) => `${seat.display_name} ${t(`here.${seat.presence}`)}`).join(t("list.and")));
    for (const role of ["seeker", "supporter"]) here[role].update(row.seats.find((seat) => seat.role === role), row.phase);
    phase.dataset.phase = row.phase;
    keyed(phase, `${row.phase}|${currentLanguage()}`, () => [phaseShape(row.phase), t(`phase.${row.phase}`)]);
    setText(more, moreOf(row));
    state.classList.toggle("is-bad", isBad(row));
    block.dataset.phase = row.phase;
    block.classList.toggle("bad", row.phase === "ended" && isBad(row));
    setText(block.firstChild, row.seats.find((seat) => seat.role === "seeker")?.display_name ?? "");
    const share = (at) => ((ms(at) - start) / span).toFixed(5);
    setVar(block, "s", share(row.starts_at));
    setVar(block, "l", ((ms(row.ends_at) - ms(row.starts_at)) / span).toFixed(5));
    setVar(lane, "hours", hours);
    doors.dataset.phase = row.phase;
    setVar(doors, "d", share(row.opens_at));
    setVar(doors, "s", share(row.starts_at));
    show(doors, row.phase === "open");
  }

  return {
    el,
    // isOpen: in the drawer; isCalling: somebody waits for whom this board belongs to
    mark({ isOpen, isCalling }) {
      el.classList.toggle("is-open", isOpen);
      el.classList.toggle("is-calling", isCalling);
      setAttr(chosen, "aria-expanded", String(isOpen));
    },
    // row: a new object after each change; context: {write, start, span, hours}, a new object when one of them changes
    update(row, context, now) {
      if (row !== drawn.row || context !== drawn.context) {
        drawn = { row, context };
        patch(row, context);
      }
      const slot = ms(row.ends_at) - ms(row.starts_at);
      const isRunning = ["live", "waiting", "interrupted"].includes(row.phase);
      setVar(block, "f", isRunning ? Math.min(1, Math.max(0, (now - ms(row.starts_at)) / slot)).toFixed(3) : 0);
      const coming = comingOf(row);
      show(next, coming !== null);
      if (coming === null) return;
      const leftMs = ms(coming.at) - now;
      setText(left, countdown(leftMs));
      setText(what, t(hasText(`next.${coming.reason}`) ? `next.${coming.reason}` : "board.column.next"));
      setAttr(next, "class", `row__next${["cutoff", "grace", "hold"].includes(coming.reason) && leftMs < HOT_MS ? " is-hot" : ""}`);
    },
  };
}

function presence(who) {
  const word = h("b");
  const el = h("span", {}, h("i", { "aria-hidden": "true" }), t(who), word);
  return {
    el,
    update(seat, phase) {
      const where = !seat ? "away" : ((phase === "ended" ? null : awayAs(seat)) ?? seat.presence);
      el.dataset.presence = seat && awayAs(seat) && phase !== "ended" ? "lost" : where;
      setText(word, t(`here.${where}`));
    },
  };
}

const isBad = (row) => Boolean(row.verdict && !["completed", "cancelled"].includes(row.verdict.outcome)) || (row.outcome !== null && !["completed", "cancelled"].includes(row.outcome));

// What is unusual about it, in words.
function marksOf(row) {
  const isRunning = row.phase !== "ended";
  return [
    row.incidents?.some((one) => !one.resolved_at) && "incident",
    row.tasks?.some((one) => one.kind !== "incident") && "task",
    isRunning && row.seats.some((seat) => seat.is_claimed) && "claim",
    isRunning && row.is_media_missing && "media_missing",
    isRunning && row.late && "late",
    isRunning && row.goodbye && "goodbye",
    isRunning && row.medium === "phone" && (row.call ? `call_${row.call}` : "phone"),
    row.maintenance_at && "maintenance",
    row.overrulings > 0 && "overruled",
  ].filter(Boolean);
}

// The cutoff passes by a seeker who has sent word, where the counter is there: then the end is what comes.
function comingOf(row) {
  const hasPassed = row.next?.reason === "cutoff" && row.notices.seeker && row.seats.some((seat) => seat.role === "supporter" && seat.presence !== "away");
  return hasPassed ? { reason: row.maintenance_at ? "maintenance" : "hard_end", at: row.maintenance_at ?? row.ends_at } : row.next;
}

// Outcome with its cause; before the end a verdict that is already fixed; then the reschedule.
function moreOf(row) {
  const words = [];
  if (row.outcome) words.push(outcomeWords(row.outcome, row.cause));
  else if (row.verdict) words.push(t("board.verdict", { outcome: outcomeWords(row.verdict.outcome, row.verdict.cause) }));
  const isStillAwaited = ["scheduled", "open", "waiting"].includes(row.phase);
  for (const seat of row.phase === "ended" ? [] : row.seats.filter(awayAs)) words.push(t("board.away", { name: nameOf(seat), where: t(`presence.${awayAs(seat)}`) }));
  for (const role of ["seeker", "supporter"]) if (isStillAwaited && row.notices[role]) words.push(t(`board.notice.${role}`));
  if (row.reschedule) words.push(t(`board.reschedule.${row.reschedule.state}`));
  return words.join(currentLanguage() === "ja" ? "・" : ", ");
}
