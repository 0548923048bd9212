// Who belongs to a session: where they are, whether another device asks for the seat, their links, and how they stand.

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { answerClaim, renewLink, revokeLinks } from "./actions.js";
import { roleOf } from "./history.js";
import { awayWord, isPresenceShown } from "./marks.js";
import { openStanding } from "./standing.js";

export function peopleOf(session, app) {
  const beside = session.beside ?? [];
  return [
    h("ul", { class: "persons" }, session.participants.map((one) => person(session, one, app))),
    beside.length > 0 && h("p", { class: "small quiet" }, t("board.beside", { names: beside.join(t("list.and")) })),
    ["seeker", "supporter"].filter((role) => session[`${role}_notice`]).map((role) => noticeLine(session, role, app)),
  ];
}

function person(session, one, app) {
  const isOver = session.phase === "ended";
  const where = one.is_lost && !isOver ? "lost" : one.presence;
  const how = where === "lost" ? (app.row(session.id)?.seats.find((seat) => seat.seat === one.seat)?.away_as ?? "lost") : null;
  const act = (key, onclick) => h("button", { type: "button", class: "btn btn--s", dataset: { testid: key }, onclick }, t(`board.person.${key}`));
  const isScheduler = app.isScheduler();
  const hasStanding = isScheduler && one.person && !["companion", "scheduler"].includes(one.role);
  return h(
    "li",
    { dataset: { seat: one.seat } },
    h("p", { class: "persons__who", dataset: { presence: where } }, h("i", { "aria-hidden": "true" }), h("b", {}, one.display_name), h("span", { class: "quiet" }, t(`who.${roleOf(one.seat)}`)), isPresenceShown({ ...session, seats: session.participants }) && h("span", { class: "quiet" }, how ? awayWord(how) : t(`here.${where}`))),
    one.is_claimed && isScheduler && !isOver && claim(session, one, app),
    isScheduler && h("div", { class: "do" }, hasStanding && act("standing", () => openStanding(session.programme, one, app)), act("renew", () => renewLink(session, one, app)), act("revoke", () => revokeLinks(session, one, app))),
  );
}

// Only after a call to the number that the office has: the words say so (IX 4-2).
function claim(session, one, app) {
  const answer = (agrees) => () => answerClaim(session, one.seat, agrees, app);
  return h(
    "div",
    { class: "note", dataset: { testid: "claim" } },
    h("p", {}, h("b", {}, t("claim.title_staff", { name: one.display_name })), t("board.claim_words")),
    h("div", { class: "do" }, h("button", { type: "button", class: "btn btn--s", dataset: { testid: "claim-no" }, onclick: answer(false) }, t("claim.no_staff")), h("button", { type: "button", class: "btn btn--s", dataset: { testid: "claim-yes" }, onclick: answer(true) }, t("claim.yes_staff"))),
  );
}

function noticeLine(session, role, app) {
  const notice = session[`${role}_notice`];
  const until = app.write.moment(ms(notice.until ?? session.ends_at));
  const said = { at: app.write.moment(ms(notice.at)), until };
  return h("p", { class: "small", dataset: { testid: "notice" } }, session.phase === "ended" ? t(`board.noticed_then.${role}`, said) : t(`board.noticed.${role}`, said));
}
