// What the office can do about a session: each is a question in a dialog and one request (docs/api.md).

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { t } from "../text.js";
import { createCopy } from "../copy.js";
import { correct } from "./correct.js";
import { end } from "./ending.js";
import { hold, isHoldable } from "./holding.js";
import { roleOf } from "./history.js";
import { reassign } from "./reassign.js";
import { fieldOf, soon } from "./zone.js";

const BEFORE = ["scheduled", "open", "waiting"];
const CHANNELS = ["telephone", "e-mail", "counter", "other"];
const EXTENDS_BY_MS = 600000;

const path = (session, rest = "") => `/sessions/${encodeURIComponent(session.id)}${rest}`;
const isBefore = (session) => BEFORE.includes(session.phase);
const isRunning = (session) => ["live", "interrupted"].includes(session.phase);
const isOver = (session) => session.phase === "ended";

const channelField = () => ({ name: "channel", kind: "select", label: t("board.field.channel"), value: "telephone", options: CHANNELS.map((one) => ({ value: one, word: t(`channel.${one.replace("-","")}`) })) });
const nameIn = (session, role) => session.participants.find((one) => one.role === role)?.display_name ?? "";
const whenOf = (session, app) => `${app.write.day(ms(session.starts_at))} ${app.write.time(ms(session.starts_at))}–${app.write.time(ms(session.ends_at))}`;
const people = (session) => session.participants.map((one) => ({ value: one.seat, word: `${t(`who.${roleOf(one.seat)}`)} ${one.display_name}` }));

// Each: {key, isFor(session, app), isGrave, ask(session, app)}; the first ones stand in the drawer's head.
export const ACTIONS = [
  { key: "notice", isFor: (session, app) => app.isScheduler() && isBefore(session), ask: notice },
  { key: "correct", isFor: (session, app) => app.isScheduler() && isBefore(session), ask: correct },
  { key: "reassign", isFor: (session, app) => app.isScheduler() && isBefore(session), ask: reassign },
  { key: "cancel", isGrave: true, isFor: (session, app) => app.isScheduler() && isBefore(session), ask: cancel },
  { key: "hold", isFor: (session, app) => app.isScheduler() && isHoldable(session, app.row(session.id)), ask: hold },
  { key: "end", isGrave: true, isFor: (session, app) => app.isScheduler() && isRunning(session), ask: end },
  { key: "extend", isFor: (session, app) => app.isScheduler() && !isOver(session) && Boolean(app.row(session.id)?.extension), ask: extend },
  { key: "incident", isFor: (session, app) => app.isScheduler(), ask: incident },
];

function notice(session, app) {
  const starts = ms(session.starts_at);
  const fields = [
    {
      name: "about",
      kind: "choice",
      label: t("board.field.about"),
      value: "seeker",
      options: ["seeker", "supporter"].map((role) => ({ value: role, word: `${t(`who.${role}`)} ${nameIn(session, role)}`, more: t(`board.notice_about.${role}`) })),
    },
    { name: "until", kind: "moment", label: t("board.field.until"), hint: t("board.field.until_hint"), value: fieldOf(Math.min(ms(session.ends_at), starts + 900000), app.zone), isFor: (values) => values.about === "supporter", isNeeded: true },
    channelField(),
  ];
  app.forms.ask({
    kind: "notice",
    title: t("board.action.notice"),
    lead: t("board.notice_lead"),
    fields,
    button: t("board.do.notice"),
    send: ({ about, until, channel }) => app.change(session.id, path(session, "/notices"), { about, until, channel }),
    done: t("board.done.notice"),
  });
}

// Whether somebody has to be called is known before it is done.
async function cancel(session, app) {
  const { seeker: isTold } = await app.api.get(path(session, "/mail")).catch(() => ({ seeker: true })); // without it one cancels all the same
  if (!app.mayAsk(session.id)) return;
  const by = ["seeker", "supporter", "office"].map((one) => ({ value: one, word: t(`who.${one}`), more: t(`board.cancel_by.${one}`) }));
  app.forms.ask({
    kind: "cancel",
    title: t("board.cancel_title", { name: nameIn(session, "seeker") }),
    lead: [h("b", { class: "num" }, whenOf(session, app)), t("board.cancel_lead"), !isTold && h("b", { dataset: { testid: "untold" } }, t("board.cancel_untold"))].filter(Boolean),
    fields: [{ name: "by", kind: "choice", label: t("board.field.by"), options: by, isNeeded: true }, channelField()],
    button: t("board.do.cancel"),
    isGrave: true,
    send: (values) => app.change(session.id, path(session, "/cancel"), values),
    done: t("board.done.cancel"),
  });
}

function extend(session, app) {
  const ends = ms(session.ends_at);
  app.forms.ask({
    kind: "extend",
    title: t("board.action.extend"),
    lead: t("board.extend_lead", { time: app.write.moment(ends) }),
    fields: [
      { name: "ends_at", kind: "moment", label: t("board.field.ends_at"), value: fieldOf(ends + EXTENDS_BY_MS, app.zone), isNeeded: true },
      { name: "reason", kind: "text", label: t("board.field.reason"), isNeeded: true },
    ],
    button: t("board.do.extend"),
    send: (values) => app.change(session.id, path(session, "/extend"), values),
    done: t("board.done.extend"),
  });
}

function incident(session, app) {
  const kinds = ["conduct", "recording", "technical"].map((kind) => ({ value: kind, word: t(`board.incident.${kind}`), more: t(`board.incident.${kind}.more`) }));
  const accused = [{ value: "", word: t("board.accused_nobody") }, ...people(session)];
  app.forms.ask({
    kind: "incident",
    title: t("board.action.incident"),
    lead: t("board.incident_lead"),
    fields: [
      { name: "kind", kind: "choice", label: t("board.field.kind"), options: kinds, isNeeded: true },
      { name: "accused", kind: "select", label: t("board.field.accused"), options: accused, value: "", isFor: (values) => values.kind !== "technical" },
      { name: "note", kind: "text", label: t("board.field.note") },
    ],
    button: t("board.do.incident"),
    send: (values) => app.change(session.id, path(session, "/incidents"), values),
    done: t("board.done.incident"),
  });
}

export function resolveIncident(session, one, app) {
  app.forms.ask({
    kind: "resolve",
    title: t("board.resolve_title", { kind: t(`board.incident.${one.kind}`) }),
    lead: t("board.resolve_lead"),
    fields: [{ name: "note", kind: "text", label: t("board.field.resolution"), isNeeded: true }],
    button: t("board.do.resolve"),
    send: (values) => app.change(session.id, path(session, `/incidents/${encodeURIComponent(one.id)}/resolve`), values),
    done: t("board.done.resolve"),
  });
}

export function tickOff(session, task, app) {
  app.forms.ask({
    kind: "done",
    title: t(`task.${task.kind}`),
    lead: t("board.done_lead"),
    fields: [{ name: "note", kind: "text", label: t("board.field.note_optional") }],
    button: t("board.do.done"),
    send: (values) => app.change(session.id, path(session, `/tasks/${encodeURIComponent(task.id)}/done`), values),
    done: t("board.done.done"),
  });
}

// ---- another date, the next session ----------------------------------------------------------------

export function choose(session, purpose, option, app) {
  const [starts, ends] = [ms(option.starts_at), ms(option.ends_at)];
  app.forms.ask({
    kind: "choose",
    title: t("board.choose_title"),
    lead: [t("board.choose_lead", { day: app.write.day(starts), start: app.write.time(starts), end: app.write.time(ends), name: nameIn(session, "seeker") }), t("board.choose_agreed")],
    button: t("board.do.choose"),
    send: () => app.change(session.id, path(session, "/reschedule/choose"), { option: option.id, purpose }),
    done: t("board.done.choose"),
  });
}

export function decline(session, purpose, app) {
  app.forms.ask({
    kind: "decline",
    title: t(`board.decline_title.${purpose}`),
    lead: t("board.decline_lead"),
    button: t("board.do.decline"),
    isGrave: true,
    send: () => app.change(session.id, path(session, "/reschedule/decline"), { purpose }),
    done: t("board.done.decline"),
  });
}

export function bookDate(session, purpose, app) {
  const exception = { name: "exception", kind: "text", label: t("board.field.exception"), hint: t("board.field.exception_hint") };
  app.forms.ask({
    kind: "book",
    title: t("board.action.book"),
    lead: t("board.book_lead", { name: nameIn(session, "seeker") }),
    fields: [{ name: "starts_at", kind: "moment", label: t("board.field.starts_at"), value: fieldOf(soon(app.now() + 86400000), app.zone), isNeeded: true }, app.isScheduler() && exception].filter(Boolean),
    button: t("board.do.book"),
    send: ({ starts_at, exception: reason = null }) => app.change(session.id, path(session, "/reschedule/book"), { starts_at, exception: reason, purpose }),
    done: t("board.done.book"),
  });
}

// ---- telephone, goodbye ------------------------------------------------------------------------------

const CALLS = ["calling", "answered", "no_answer", "finished"];

export function callsOf(session) {
  if (isOver(session) || session.phase === "scheduled") return [];
  const isMissed = session.phase === "waiting" && session.participants.some((one) => one.role === "seeker" && one.presence === "away");
  if (session.medium !== "phone") return isMissed ? ["calling", "no_answer"] : [];
  return CALLS.filter((state) => state !== "finished" || session.call === "answered");
}

export function reportCall(session, state, app) {
  const report = () => app.change(session.id, path(session, "/call"), { state });
  if (state !== "finished") return app.at(report, t("board.done.call", { state: t(`phone_call.${state}`) }));
  return app.forms.ask({ kind: "call", title: t("board.call_finished_title"), lead: t("board.call_finished_lead"), button: t("phone_call.finished"), isGrave: true, send: report, done: t("board.done.call", { state: t("phone_call.finished") }) });
}

export const answerFinish = (session, finished, app) => app.at(() => app.change(session.id, path(session, "/finish"), { finished }), t("board.done.finish"));

// ---- links and devices -------------------------------------------------------------------------------

export const answerClaim = (session, seat, agrees, app) => app.at(() => app.change(session.id, path(session, `/claims/${seat}`), { agrees }), t(agrees ? "board.done.claim_yes" : "board.done.claim_no"));

export function renewLink(session, one, app) {
  app.forms.ask({
    kind: "renew",
    title: t("board.renew_title", { name: one.display_name }),
    lead: t("board.renew_lead"),
    button: t("board.do.renew"),
    isGrave: true,
    send: () => app.api.post(path(session, `/links/${one.seat}`)),
    done: ({ url }) => {
      app.forms.tell("link", t("board.link_title", { name: one.display_name }), h("p", { class: "small" }, t("board.link_lead")), createCopy(url, t("board.link_new")).el);
      return t("board.done.renew");
    },
  });
}

export function revokeLinks(session, one, app) {
  app.forms.ask({
    kind: "revoke",
    title: t("board.revoke_title", { name: one.display_name }),
    lead: t("board.revoke_lead"),
    button: t("board.do.revoke"),
    isGrave: true,
    send: async () => {
      await app.api.remove(path(session, `/links/${one.seat}`));
      app.refresh(session.id);
    },
    done: t("board.done.revoke"),
  });
}
