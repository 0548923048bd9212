// Another supporter for a session that is not live yet: anybody of the office who is free in that slot.

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { asRefusal } from "./api.js";
import { createCopy } from "../copy.js";
import { clashOf, colleagues } from "./wish.js";

// All supporters but the one who has it; those who are free, as far as the board knows, stand first, and the others cannot be chosen.
export function candidates(session, staff, rows) {
  const [starts, ends] = [ms(session.starts_at), ms(session.ends_at)];
  const holder = session.participants.find((one) => one.role === "supporter")?.person;
  const found = colleagues(staff, "supporter").filter((one) => one.value !== holder);
  return found.map((one) => ({ ...one, isOff: clashOf(rows, one.value, starts, ends) !== null })).sort((one, two) => one.isOff - two.isOff);
}

export async function reassign(session, app) {
  try {
    const { staff } = await app.knowBookable();
    if (app.mayAsk(session.id)) ask(session, staff, app);
  } catch (error) {
    app.refused(asRefusal(error));
  }
}

function ask(session, staff, app) {
  const nameIn = (role) => session.participants.find((one) => one.role === role)?.display_name ?? "";
  const known = candidates(session, staff, [...app.shown.rows.all(), ...app.rows()]);
  const options = [{ value: "", word: t("board.booking.choose") }, ...known.map((one) => (one.isOff ? { ...one, word: t("board.person_busy", { name: one.word }) } : one))];
  const mail = t(app.bookable.sends_mail ? "board.reassign_mail.sent" : "board.reassign_mail.none");
  app.forms.ask({
    kind: "reassign",
    title: t("board.reassign_title", { name: nameIn("seeker") }),
    lead: [t("board.reassign_lead", { supporter: nameIn("supporter") }), mail],
    fields: [
      { name: "person", kind: "select", label: t("board.field.person"), options, value: "", isNeeded: true },
      { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true },
    ],
    button: t("board.do.reassign"),
    send: ({ person, reason }) => app.change(session.id, `/sessions/${encodeURIComponent(session.id)}/reassign`, { person, reason }),
    done: ({ links }) => {
      app.forms.tell("link", t("board.reassigned_title"), h("p", { class: "small" }, t("board.reassigned_lead")), h("p", { class: "small" }, mail), createCopy(links.supporter, t("board.link_new")).el);
      return t("board.done.reassign");
    },
  });
}
