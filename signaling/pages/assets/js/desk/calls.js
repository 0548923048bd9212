// Who waits for this supporter: shown above everything else, said, rung, and told by the system where that is allowed.

import { h, keyed, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { chime } from "../chime.js";
import { currentLanguage, t } from "../text.js";
import { byTime, isWaitedFor, seekerOf } from "./day.js";
import { openRoom } from "./enter.js";

const AGAIN_MS = 30000; // while somebody waits, it rings so often

const mayNotify = () => globalThis.Notification?.permission;

export function createCalls(app) {
  const el = h("section", { class: "desk-calls", hidden: true, "aria-label": t("today.calls") });
  const allow = h("button", { type: "button", class: "btn btn--s", hidden: true, dataset: { testid: "notify" }, onclick: () => Notification.requestPermission().then(() => app.draw()) }, icon("bell", "i--s"), t("today.notify"));
  let known = new Set();
  let rungAt = 0;

  // Words of the name that the office chose and the time: nothing else leaves this page for the system.
  function notify(row) {
    if (mayNotify() !== "granted" || document.visibilityState === "visible") return;
    const note = new Notification(t("today.call", wordsOf(row, app)), { tag: `madoguchi-${row.id}`, lang: currentLanguage() });
    note.onclick = () => {
      window.focus();
      note.close();
    };
  }

  return {
    el,
    allow,
    // How many wait; to whom the page shows the way in below, it is not shown twice.
    update(now, shown) {
      const waiting = byTime([...app.rows()].filter(isWaitedFor));
      const fresh = waiting.filter((row) => !known.has(row.id));
      if (fresh.length) app.announce(fresh.map((row) => t("today.call", wordsOf(row, app))).join(" "), true);
      fresh.forEach(notify);
      if (waiting.length && (fresh.length || now - rungAt > AGAIN_MS)) {
        rungAt = now;
        if (navigator.userActivation?.hasBeenActive !== false) chime(); // before the first gesture browsers are silent
      }
      known = new Set(waiting.map((row) => row.id));
      show(el, waiting.length > 0);
      keyed(el, JSON.stringify([waiting.map((row) => [row.id, wordsOf(row, app), row.id === shown]), currentLanguage()]), () => waiting.map((row) => call(row, app, row.id !== shown)));
      show(allow, mayNotify() === "default");
      return waiting.length;
    },
  };
}

const wordsOf = (row, app) => ({ name: seekerOf(row)?.display_name ?? "", time: app.write.moment(ms(row.starts_at)) });

function call(row, app, hasWay) {
  return h("div", { class: "desk-call", dataset: { testid: "waits", session: row.id } }, icon("bell"), h("b", {}, t("today.call", wordsOf(row, app))), hasWay && h("button", { type: "button", class: "btn btn--go", dataset: { testid: "open-room" }, onclick: () => openRoom(row.id, app) }, t("today.enter"), icon("arrow", "i--s")));
}
