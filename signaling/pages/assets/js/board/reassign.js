// Another supporter for a session that is not live yet: those of today's counters who are free in that slot, or one by name.

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { copyField } from "./copy.js";

// Of today's counters: {person, name, isFree}; those who are free stand first.
export function candidates(session, rows) {
  const [starts, ends] = [ms(session.starts_at), ms(session.ends_at)];
  const holder = session.participants.find((one) => one.role === "supporter")?.person;
  const found = new Map();
  for (const row of rows) {
    if (row.supporter_person === holder) continue;
    const one = found.get(row.supporter_person) ?? { person: row.supporter_person, name: row.supporter, isFree: true };
    const isOver = row.phase === "ended" && ms(row.ended_at ?? row.ends_at) <= starts;
    const isGone = row.outcome === "cancelled";
    if (!isOver && !isGone && ms(row.starts_at) < ends && starts < ms(row.ends_at)) one.isFree = false;
    found.set(row.supporter_person, one);
  }
  return [...found.values()].sort((one, two) => two.isFree - one.isFree || one.name.localeCompare(two.name, "ja"));
}

const OTHER = "";

export function reassign(session, app) {
  const nameIn = (role) => session.participants.find((one) => one.role === role)?.display_name ?? "";
  const known = candidates(session, app.rows());
  const options = [...known.map((one) => ({ value: one.person, word: one.isFree ? one.name : t("board.person_busy", { name: one.name }), isOff: !one.isFree })), { value: OTHER, word: t("board.field.person_other") }];
  app.forms.ask({
    kind: "reassign",
    title: t("board.reassign_title", { name: nameIn("seeker") }),
    lead: t("board.reassign_lead", { supporter: nameIn("supporter") }),
    fields: [
      { name: "person", kind: "select", label: t("board.field.person"), options, value: known.find((one) => one.isFree)?.person ?? OTHER },
      { name: "supporter", kind: "line", label: t("board.field.supporter"), hint: t("board.field.supporter_hint"), isFor: (values) => values.person === null, isNeeded: true },
      { name: "reason", kind: "text", label: t("board.field.reason"), hint: t("board.field.reason_hint"), isNeeded: true },
    ],
    button: t("board.do.reassign"),
    send: ({ person, supporter, reason }) => app.change(session.id, `/sessions/${encodeURIComponent(session.id)}/reassign`, person ? { person, reason } : { supporter, reason }),
    done: ({ links }) => {
      app.forms.tell("link", t("board.reassigned_title"), h("p", { class: "small" }, t("board.reassigned_lead")), copyField(links.supporter, t("board.link_new")));
      return t("board.done.reassign");
    },
  });
}
