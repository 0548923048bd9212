// A booking put right before it is live: names, and what is noted for the counsellor. Links stay, and nobody is written to.

import { t } from "../text.js";
import { placesOf } from "./wish.js";

const LONGEST_NAME = 40; // as the server counts

// What the booking has now, in the order of the server's lists.
export function namesNow(session) {
  const of = (role) => session.participants.filter((one) => one.role === role).map((one) => one.display_name);
  return { seeker: of("seeker")[0], companions: of("companion"), beside: session.beside ?? [] };
}

const field = (list, at) => `${list}_${at}`;

// Only what is otherwise: what somebody else has corrected meanwhile stays.
export function correctionOf(now, values) {
  const changed = (list) => {
    const names = now[list].map((_, at) => values[field(list, at)]);
    return names.some((name, at) => name !== now[list][at]) ? names : null;
  };
  const wish = {
    seeker_name: values.seeker_name === now.seeker ? null : values.seeker_name,
    companions: changed("companions"),
    companions_beside: changed("beside"),
    seeker_reference: values.seeker_reference,
    seeker_note: values.seeker_note,
  };
  return Object.fromEntries(Object.entries(wish).filter(([, value]) => value !== null));
}

// Which name is meant can be said where only one was changed.
export function namesOtherwise(now, values) {
  const known = { seeker_name: now.seeker };
  for (const list of ["companions", "beside"]) now[list].forEach((name, at) => (known[field(list, at)] = name));
  return Object.keys(known).filter((name) => values[name] !== known[name]);
}

export function correct(session, app) {
  const now = namesNow(session);
  const state = { values: {} };
  const line = (name, label, more) => ({ name, kind: "line", label, ...more });
  const needed = (value) => ({ value, max: LONGEST_NAME, isNeeded: true });
  const others = (list, word) => now[list].map((name, at) => line(field(list, at), t(word, { name }), needed(name)));
  app.forms.ask({
    kind: "correct",
    title: t("board.correct_title", { name: now.seeker }),
    lead: [t("board.correct_lead"), t("board.correct_time")],
    more: t("board.correct.more"),
    fields: [
      line("seeker_name", t("board.booking.seeker_name"), { hint: t("board.booking.seeker_name_hint"), ...needed(now.seeker) }),
      ...others("companions", "board.correct.companion"),
      ...others("beside", "board.correct.beside"),
      line("seeker_reference", t("board.booking.seeker_reference"), { hint: t("board.correct.reference_hint"), max: 40, isMore: true }),
      { name: "seeker_note", kind: "text", label: t("board.booking.seeker_note"), hint: t("board.correct.note_hint"), isMore: true },
    ],
    button: t("board.do.correct"),
    send: (values) => {
      state.values = values;
      return app.change(session.id, `/sessions/${encodeURIComponent(session.id)}/correct`, correctionOf(now, values));
    },
    at(refusal) {
      const changed = namesOtherwise(now, state.values);
      if (refusal.code === "name_refused") return changed.length === 1 ? changed : [];
      return placesOf(refusal, state.values);
    },
    done: t("board.done.correct"),
  });
}
