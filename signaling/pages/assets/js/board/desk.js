// The supporter's side of the board: who waits for me, said and shown, and the way into the room.

import { h, keyed, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";
import { asRefusal } from "./api.js";

const AWAITED = ["open", "waiting"];

// The seeker is there, the supporter is not.
export function isWaitedFor(row) {
  const presence = (role) => row.seats.find((seat) => seat.role === role)?.presence ?? "away";
  return AWAITED.includes(row.phase) && presence("seeker") !== "away" && presence("supporter") === "away";
}

const seekerOf = (row) => row.seats.find((seat) => seat.role === "seeker")?.display_name ?? "";

export function createDesk(app) {
  const el = h("section", { class: "desk-calls", hidden: true, "aria-label": t("board.desk") });
  let known = new Set();
  return {
    el,
    // How many wait.
    update() {
      const waiting = [...app.rows()].filter(isWaitedFor).sort((one, two) => ms(one.starts_at) - ms(two.starts_at));
      const fresh = waiting.filter((row) => !known.has(row.id));
      if (fresh.length) app.announce(fresh.map((row) => wordsOf(row, app)).join(" "), true);
      known = new Set(waiting.map((row) => row.id));
      show(el, waiting.length > 0);
      keyed(el, JSON.stringify([waiting.map((row) => [row.id, seekerOf(row), row.starts_at]), currentLanguage()]), () => waiting.map((row) => call(row, app)));
      return waiting.length;
    },
  };
}

const wordsOf = (row, app) => t("board.waits", { name: seekerOf(row), time: app.write.moment(ms(row.starts_at)) });

function call(row, app) {
  return h("div", { class: "desk-call", dataset: { testid: "waits", session: row.id } }, icon("bell"), h("b", {}, wordsOf(row, app)), h("button", { type: "button", class: "btn btn--go", dataset: { testid: "open-room" }, onclick: () => openRoom(row.id, app) }, t("board.do.room"), icon("arrow", "i--s")));
}

// Another tab, opened by the press itself: a browser lets nothing open later. It gets its address once the server has made the link.
export async function openRoom(session, app) {
  const tab = window.open("", "_blank");
  if (tab) tab.opener = null;
  try {
    const { url } = await app.api.post(`/sessions/${encodeURIComponent(session)}/room`);
    if (tab) tab.location.replace(url);
    else location.assign(url);
  } catch (error) {
    tab?.close();
    app.refused(asRefusal(error));
  }
}
