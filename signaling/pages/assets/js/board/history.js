// A session's history in order, one sentence a line (docs/session.md, Records).

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, hasText, t, tFirst } from "../text.js";
import { kindOfTask, nameOfPerson, outcomeWords } from "./words.js";

const TOLD_MS = 10000; // what follows at once belongs to it
const MOMENTS = ["until", "expires_at", "ended_at", "begins_at", "ends_at"];
const HOT = new Set(["seat.lost", "grace.ended", "media.missing", "worker.lost", "service.gap", "incident.filed", "verdict.objected", "seat.refused"]);
// Somebody did it on purpose: no alarm.
const EXPLAINED = ["stepped_out", "page_closed", "link_revoked"];
const isExplained = ({ name, data }) => name === "seat.lost" && Boolean(data.signal?.split(",").some((signal) => EXPLAINED.includes(signal)));
// What another line says as well.
export const isSaidElsewhere = ({ name, data }) => (name === "session.moved" && data.to === "ended") || (name === "seat.lost" && data.signal === "stepped_out");
// Before the doors open nobody is awaited: whoever goes again has only closed the page.
const isEarly = (event, opensAt) => event.name === "seat.lost" && ms(event.at) < opensAt;
// Something did not work, and nothing ended by it.
const isReport = ({ name, data }) => name === "incident.filed" && data.kind === "technical" && !data.stops;
export const isAlarming = (event, opensAt = 0) => (HOT.has(event.name) && !isReport(event) && !isExplained(event) && !isEarly(event, opensAt)) || (event.name === "session.ended" && !["completed", "cancelled"].includes(event.data.outcome));

export function historyOf(session, events, app) {
  const moved = events.filter((event) => event.name === "end.moved");
  const shown = events.filter((event) => !isSaidElsewhere(event));
  const isOfTheDay = (event) => app.write.day(ms(event.at)) === app.write.day(ms(session.starts_at));
  return h(
    "ol",
    { class: shown.every(isOfTheDay) ? "ev" : "ev ev--days", dataset: { testid: "history" } },
    shown.map((event) => line(event, isOfTheDay(event), ms(session.opens_at), app, app.noteOf(session.id, noteKeyOf(event, moved)))),
  );
}

// A session is booked days before: what did not happen on its day has the date beside the time.
function line(event, isOfTheDay, opensAt, app, reason) {
  const when = isOfTheDay ? app.write.exact(ms(event.at)) : app.write.stamp(ms(event.at));
  return h("li", { class: isAlarming(event, opensAt) ? "hot" : null, dataset: { event: event.name } }, h("time", { class: "num", datetime: event.at }, when), h("span", {}, sentenceOf(event, app, opensAt), reason && h("q", { class: "said" }, reason)));
}

// Whether something else has happened since it was said, not long before now, what was done.
export const isOutdated = (toldAt, events) => events.some((event) => ms(event.at) > toldAt + TOLD_MS);

// Under what key the reason lies that was given with it (docs/api.md); the other reasons stand with the verdict and with what waits.
export function noteKeyOf(event, moved) {
  if (event.name === "supporter.reassigned") return `reassigned-${event.version}`;
  if (event.name === "seats.kept") return `kept-${event.version}`;
  return event.name === "end.moved" ? `extension-${moved.indexOf(event) + 1}` : null;
}

// The special sentence of what happened before the general one.
export function sentenceOf(event, app, opensAt = 0) {
  const variant = isEarly(event, opensAt) ? "early" : variantOf(event);
  const key = variant !== null && hasText(`event.${event.name}.${variant}`) ? `event.${event.name}.${variant}` : `event.${event.name}`;
  if (!hasText(key)) return event.name;
  const sentence = t(key, valuesOf(event.data, app));
  return sentence[0].toUpperCase() + sentence.slice(1);
}

const QUESTIONS = { end_early: "agrees", finished: "agrees", wait_or_reschedule: "waits", begin_or_reschedule: "begins" };

function variantOf({ name, data }) {
  switch (name) {
    case "session.moved":
    case "medium.switched":
      return data.to;
    case "seat.joined":
      return data.seat;
    case "device.answered":
      return data.agrees ? "yes" : "no";
    case "question.asked":
      return data.question;
    case "question.answered":
      return `${data.question}_${data[QUESTIONS[data.question]] ? "yes" : "no"}`;
    case "call.reported":
      return data.state;
    case "incident.filed":
      return data.stops ? "stopped" : data.kind;
    case "seat.observed":
      return data.signal;
    case "notice.given":
      return data.until ? "until" : null;
    case "maintenance.planned":
      return data.begins_at ? null : "off";
    case "office.ended":
      return data.held ? "held" : null;
    case "session.ended":
      return data.outcome === "completed" || data.outcome === "cancelled" ? null : `${data.quota}${data.strike ? "_strike" : ""}`;
    default:
      return null;
  }
}

// Everything a sentence may speak of, in words.
function valuesOf(data, app) {
  const words = { ...data };
  if (data.seat) words.who = t(`who_in.${roleOf(data.seat)}`);
  if (data.accused) words.accused = t(`who_in.${roleOf(data.accused)}`);
  if (data.by) words.by = hasText(`who_in.${roleOf(data.by)}`) ? t(`who_in.${roleOf(data.by)}`) : nameOfPerson(data.by, app);
  for (const key of ["before", "after"]) if (typeof data[key] === "string") words[key] = app.names.get(data[key]) ?? t("who.supporter");
  if (data.channel) words.channel = tFirst([`channel.${data.channel.replace("-","")}`, "channel.other"]);
  if (data.cause) words.cause = t(`because.${data.cause}`);
  if (data.outcome) words.outcome = outcomeWords(data.outcome, data.cause);
  if (data.confidence) words.confidence = t(`confidence.${data.confidence}`);
  if (data.kind) words.kind = t(`board.incident.${data.kind}`);
  const medium = data.medium ?? data.to;
  if (hasText(`board.medium.${medium}`)) words.medium = t(`board.medium.${medium}`);
  if (data.signal) words.signal = data.signal.split(",").map((signal) => t(`signal.${signal}`)).join(t("list.and"));
  if (data.task) words.task = t(`task.${kindOfTask(data.task)}`);
  if (data.left_s !== undefined) words.left = currentLanguage() === "ja" ? `${data.left_s}秒` : `${data.left_s} s`;
  if (data.left_s >= 60) words.left = currentLanguage() === "ja" ? `${Math.round(data.left_s / 60)}分` : `${Math.round(data.left_s / 60)} min`;
  for (const name of MOMENTS) if (typeof data[name] === "string") words[name] = momentWords(data[name], app);
  return words;
}

// The day as well, when it is another one.
function momentWords(text, app) {
  const at = ms(text);
  return app.write.day(at) === app.write.day(app.now()) ? app.write.moment(at) : app.write.stamp(at);
}

export const roleOf = (seat) => (seat.startsWith("companion") ? "companion" : seat === "observer" ? "scheduler" : seat);
