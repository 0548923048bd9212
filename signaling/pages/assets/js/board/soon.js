// Over the to-do list: sessions where one waits for the other and the cutoff is near. Each goes by itself, when they come or it is judged.

import { h, keyed, setText, show } from "../dom.js";
import { plate } from "../icons.js";
import { countdown, ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { reportCall } from "./actions.js";
import { missingOf } from "./awaited.js";
import { seekerIn } from "./marks.js";

const MOST = 4; // more would hide what else there is; the sooner ones are what one can still do something about

export function createSoon(app) {
  const list = h("ol", { "aria-label": t("board.soon"), dataset: { testid: "soon" } });
  const rest = h("p", { class: "small quiet", hidden: true });
  const el = h("section", { class: "todo__soon", hidden: true }, h("h3", {}, t("board.soon")), list, rest);
  const items = new Map();
  let known = null; // who was missing when it was drawn last; null: it was not

  function update(now) {
    const found = now === null ? [] : missingOf(app.rows(), now);
    tell(found);
    const shown = found.slice(0, MOST);
    const wanted = new Set(shown.map(keyOf));
    for (const [key, item] of items) {
      if (wanted.has(key)) continue;
      item.el.remove();
      items.delete(key);
    }
    shown.forEach((missing, at) => {
      const key = keyOf(missing);
      if (!items.has(key)) items.set(key, createItem(missing, app));
      const item = items.get(key);
      item.update(missing, now);
      if (list.children[at] !== item.el) list.insertBefore(item.el, list.children[at] ?? null);
    });
    show(el, found.length > 0);
    show(rest, found.length > MOST);
    setText(rest, found.length > MOST ? t("board.soon_rest", { n: found.length - MOST }) : "");
    return found.length;
  }

  // Said once each, and of many at once only how many.
  function tell(found) {
    const fresh = known === null ? [] : found.filter((missing) => !known.has(keyOf(missing)));
    known = new Set(found.map(keyOf));
    if (fresh.length === 1) app.announce(`${seekerIn(fresh[0].row)} ${t(`board.soon.${fresh[0].role}`)}`);
    if (fresh.length > 1) app.announce(t("board.soon_new", { n: fresh.length }));
  }

  return { el, update };
}

const keyOf = ({ row, role }) => `${row.id}|${role}|${row.supporter}`;

function createItem({ row: { id, supporter, starts_at: starts }, role }, app) {
  const name = h("b");
  const left = h("span", { class: "due num" });
  const more = h("p", { class: "quiet" });
  const called = h("p", { class: "small quiet", hidden: true });
  const buttons = h("div", { class: "do" });
  const el = h(
    "li",
    { dataset: { testid: "soon-item", session: id, role } },
    h("div", { class: "ln1" }, plate(supporter, "plate--s"), name, h("time", { class: "num", datetime: starts }, app.write.time(ms(starts))), left),
    h("p", {}, h("b", {}, t(`board.soon.${role}`))),
    more,
    called,
    buttons,
  );
  return {
    el,
    update({ row, at }, now) {
      const seeker = seekerIn(row);
      const isCalled = role === "seeker" && Boolean(row.call); // somebody has seen to it: no alarm any more
      setText(name, seeker);
      setText(left, t("board.soon_left", { time: countdown(at - now) }));
      setText(more, t(`board.soon.${role}.more`, { time: app.write.moment(at) }));
      show(called, isCalled);
      setText(called, isCalled ? t(`mark.call_${row.call}`) : "");
      el.classList.toggle("urgent", !isCalled);
      const go = isCalled ? "" : " btn--go";
      keyed(buttons, [row.call, seeker, currentLanguage()].join("|"), () => [
        h("button", { type: "button", class: `btn btn--s${go}`, dataset: { testid: "soon-open" }, "aria-label": t("board.open_of", { name: seeker }), onclick: () => app.open(id) }, t("board.do.open")),
        role === "seeker" && row.call !== "no_answer" && h("button", { type: "button", class: "btn btn--s", dataset: { testid: "soon-called" }, "aria-label": t("board.called_of", { name: seeker }), onclick: () => reportCall({ id }, "no_answer", app) }, t("board.do.called")),
      ]);
    },
  };
}
