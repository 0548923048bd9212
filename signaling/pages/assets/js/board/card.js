// One session as a card: who, where everybody is, what comes next and in how long, and what is unusual about it.

import { h, keyed, setAttr, setText, setVar, show } from "../dom.js";
import { phaseShape, plate } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { currentLanguage, hasText, t } from "../text.js";
import { hereOf, isBad, isPresenceShown, marksOf, moreOf, seatIn, seekerIn } from "./marks.js";
import { comingOf, isHot } from "./rows.js";
import { createSpark } from "./spark.js";

export function createCard(app) {
  const sign = h("span");
  const guest = h("b");
  const when = h("span", { class: "num" });
  const phase = h("span", { class: "phase" });
  const left = h("b", { class: "num" });
  const what = h("span");
  const next = h("span", { class: "card__next" }, left, what);
  const spark = createSpark();
  const here = { seeker: presence("board.guest"), supporter: presence("board.host") };
  const others = h("span", { class: "quiet" });
  const where = h("span", { class: "row__here" }, here.seeker.el, here.supporter.el, others);
  const more = h("span", { class: "card__more" });
  const marks = h("span", { class: "row__marks" });
  const fill = h("i", { class: "card__fill", "aria-hidden": "true" });
  const button = h(
    "button",
    { type: "button", class: "card", dataset: { testid: "row-open" }, onclick: () => app.open(el.dataset.sessionId), onpointerenter: () => (button.title = [guest, when, more].map((one) => one.textContent).join(" ")) },
    h("span", { class: "card__who" }, sign, h("span", { class: "card__name" }, guest, when)),
    next,
    h("span", { class: "card__phase" }, phase, spark.el),
    where,
    more,
    marks,
    fill,
  );
  const el = h("li", { class: "cards__cell", dataset: { testid: "board-row" } }, button);
  let drawn = {};

  function patch(row) {
    const { write } = app;
    Object.assign(el.dataset, { sessionId: row.id, version: row.version, phase: row.phase, outcome: row.outcome ?? "", cause: row.cause ?? "" });
    button.dataset.phase = row.phase;
    keyed(sign, row.supporter, () => plate(row.supporter, "plate--s"));
    setText(guest, seekerIn(row));
    setText(when, `${row.supporter} ${write.time(ms(row.starts_at))}–${write.time(ms(row.ends_at))}`);
    phase.dataset.phase = row.phase;
    keyed(phase, `${row.phase}|${currentLanguage()}`, () => [phaseShape(row.phase), t(`phase.${row.phase}`)]);
    show(where, isPresenceShown(row));
    for (const role of ["seeker", "supporter"]) here[role].update(seatIn(row, role), row.phase);
    const companions = row.seats.filter((seat) => ["companion", "scheduler"].includes(seat.role));
    setText(others, companions.map((seat) => `${seat.display_name} ${t(`here.${seat.presence}`)}`).join(t("list.and")));
    setText(more, moreOf(row));
    more.classList.toggle("is-bad", isBad(row));
    keyed(marks, JSON.stringify([marksOf(row), currentLanguage()]), () => marksOf(row).map((key) => h("span", { class: "tag", dataset: { mark: key } }, t(`mark.${key}`))));
  }

  return {
    el,
    focus: () => button.focus({ preventScroll: true }),
    update(row, { at, count, columns, now, isBeat, isOpen, isRover }) {
      const asked = { row, at, count, columns, isOpen, isRover };
      // Of a thousand sessions one has changed: what another one shows is not even looked at.
      if (!isBeat && Object.keys(asked).every((key) => asked[key] === drawn[key])) return;
      if (row !== drawn.row) patch(row);
      drawn = asked;
      setAttr(el, "aria-posinset", at + 1);
      setAttr(el, "aria-setsize", count);
      setVar(el, "r", Math.floor(at / columns));
      setVar(el, "c", at % columns);
      setAttr(button, "aria-expanded", String(isOpen));
      setAttr(button, "tabindex", isRover ? "0" : "-1");
      el.classList.toggle("is-open", isOpen);
      const isRunning = ["live", "interrupted"].includes(row.phase);
      spark.update(isRunning ? app.lines.of(row.id) : null, row.phase === "interrupted");
      const slot = ms(row.ends_at) - ms(row.starts_at);
      const gone = now !== null && (isRunning || row.phase === "waiting") ? Math.min(1, Math.max(0, (now - ms(row.starts_at)) / slot)) : 0;
      setVar(fill, "f", gone.toFixed(3));
      const coming = now === null ? null : comingOf(row);
      show(next, coming !== null);
      if (coming === null) return;
      setText(left, countdown(ms(coming.at) - now));
      setText(what, t(hasText(`next.${coming.reason}`) ? `next.${coming.reason}` : "board.column.next"));
      next.classList.toggle("is-hot", isHot(coming, now));
    },
  };
}

function presence(who) {
  const word = h("b");
  const el = h("span", {}, h("i", { "aria-hidden": "true" }), t(who), word);
  return {
    el,
    update(seat, phase) {
      const { where, presence: mark } = hereOf(seat, phase);
      el.dataset.presence = mark;
      setText(word, t(`here.${where}`));
    },
  };
}
