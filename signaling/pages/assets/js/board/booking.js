// A new session, booked by hand: one form, one request, and the links, which are shown once.

import { h } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, pick, sentences, t } from "../text.js";
import { asRefusal } from "./api.js";
import { createClashes } from "./clashes.js";
import { createCopy } from "../copy.js";
import { roleOf } from "./history.js";
import { colleagues, drawKey, hoursOf, isInside, isNewName, isOnTheDay, NEW, opensOn, placesOf, titlesOf, wishOf } from "./wish.js";
import { fieldOf, soon } from "./zone.js";

const DAY_MS = 86400000;
const MINUTE_MS = 60000;

// given: {person, starts_at in milliseconds}, where a place of the timeline was pressed
export async function openBooking(app, given = {}) {
  try {
    const found = await app.knowBookable();
    if (app.forms && !app.forms.isOpen()) ask(found, given, app);
  } catch (error) {
    app.refused(asRefusal(error));
  }
}

const dateOf = (at, app) => fieldOf(at, app.zone).slice(0, 10);

// The programme that the day is about, and the next time that may do; null: nobody can say, and midnight is not meant.
function begins({ programmes }, given, app) {
  const usual = [...app.shown.rows.all()].at(-1)?.programme;
  const programme = programmes.find((one) => one.name === usual) ?? programmes[0];
  const { day, isToday } = app.shown;
  const next = soon(app.now() + (programme.booked_by === "day_before" ? DAY_MS : 0));
  const isToCome = !isToday && ms(day.begins_at) > app.now();
  return { programme, starts_at: given.starts_at ?? (isToCome ? opensOn(day) : next) };
}

function ask(found, given, app) {
  const { programmes, staff } = found;
  const [supporters, schedulers] = ["supporter", "scheduler"].map((role) => colleagues(staff, role));
  const first = begins(found, given, app);
  const state = { key: drawKey(), isTooLate: false, values: {} };
  const of = (values) => programmes.find((one) => one.name === values.programme) ?? programmes[0];
  const isLate = (values) => state.isTooLate || isOnTheDay(of(values), values.starts_at && dateOf(ms(values.starts_at), app), dateOf(app.now(), app));
  const dayName = (n) => new Intl.DateTimeFormat(currentLanguage(), { weekday: "short", timeZone: "UTC" }).format(Date.UTC(2024, 0, 1 + n));
  // Only where its clock is the one that the field means.
  const hours = (values) => (of(values).time_zone === app.zone ? hoursOf(of(values).windows, dayName, t("list.and")) : "");
  const minutesOf = (values) => Number(values.length ?? of(values).length_minutes[0] ?? 0);
  const open = (values) => {
    const isOutside = values.starts_at && hours(values) && !isInside(of(values).windows, fieldOf(ms(values.starts_at), app.zone), minutesOf(values));
    return hours(values) && t(isOutside ? "board.booking.outside" : "board.booking.hours", { hours: hours(values) });
  };
  const ends = (values) => (values.starts_at && minutesOf(values) ? t("board.booking.ends", { to: app.write.time(ms(values.starts_at) + minutesOf(values) * MINUTE_MS), n: minutesOf(values) }) : "");
  const titles = titlesOf(programmes, pick, (title, more) => t("board.booking.programme_of", { title, more }));
  const clashes = createClashes(app, () => follow());
  const busy = (values) => {
    const from = ms(values.starts_at);
    const row = clashes(values.supporter, from, from + minutesOf(values) * MINUTE_MS);
    return row ? t("board.booking.busy", { from: app.write.time(ms(row.starts_at)), to: app.write.time(ms(row.ends_at)) }) : "";
  };
  const lengths = [...new Set(programmes.flatMap((one) => one.length_minutes))].sort((one, two) => one - two);
  const nobody = { value: "", word: t("board.booking.choose") };
  const line = (name, more = {}) => ({ name, kind: "line", label: t(`board.booking.${name}`), ...more });
  const hint = (name) => ({ hint: t(`board.booking.${name}_hint`) });
  const { follow } = app.forms.ask({
    kind: "booking",
    title: t("board.booking"),
    more: t("board.booking.more"),
    fields: [
      { name: "programme", kind: "select", label: t("board.booking.programme"), options: programmes.map((one) => ({ value: one.name, word: titles.get(one.name) })), value: first.programme.name, isFor: () => programmes.length > 1 },
      { name: "supporter", kind: "select", label: t("who.supporter"), options: [nobody, ...supporters, { value: NEW, word: t("board.booking.supporter_new") }], value: supporters.some((one) => one.value === given.person) ? given.person : "", hint: busy, isFor: () => supporters.length > 0, isNeeded: true },
      line("added", { ...hint("added"), isFor: (values) => values.supporter === NEW || supporters.length === 0, isNeeded: true }),
      { name: "starts_at", kind: "moment", label: t("board.booking.starts_at"), value: first.starts_at === null ? "" : fieldOf(first.starts_at, app.zone), hint: (values) => sentences(ends(values), open(values)), isNeeded: true },
      { name: "exception", kind: "text", label: t("board.booking.exception"), ...hint("exception"), isFor: isLate, isNeeded: true },
      { name: "length", kind: "select", label: t("board.booking.length"), options: lengths.map((n) => ({ value: String(n), word: t("board.booking.minutes", { n }) })), value: String(first.programme.length_minutes[0]), isFor: (values) => of(values).length_minutes.length > 1, limit: (values) => of(values).length_minutes.map(String) },
      { name: "medium", kind: "select", label: t("board.booking.medium"), options: ["video", "audio", "phone"].map((value) => ({ value, word: t(`board.medium.${value}`) })), value: "video" },
      line("seeker_name", { ...hint("seeker_name"), isNeeded: true }),
      line("seeker_mail", { ...hint("seeker_mail"), max: 254, input: "email", isFor: () => found.sends_mail }),
      { name: "seeker_language", kind: "select", label: t("board.booking.seeker_language"), options: [{ value: "ja", word: "日本語" }, { value: "en", word: "English" }], value: "ja", isFor: (values) => values.seeker_mail !== null },
      line("seeker_telephone", { max: 40, input: "tel", isMore: true }),
      line("seeker_reference", { ...hint("seeker_reference"), max: 40, isMore: true }),
      { name: "seeker_note", kind: "text", label: t("board.booking.seeker_note"), ...hint("seeker_note"), isMore: true },
      line("seeker_real_name", { ...hint("seeker_real_name"), isMore: true }),
      line("companions", { ...hint("companions"), max: 202, isFor: (values) => of(values).companions > 0, isMore: true }),
      line("companions_beside", { ...hint("companions_beside"), max: 202, isMore: true }),
      { name: "observer", kind: "select", label: t("board.booking.observer"), ...hint("observer"), options: [{ value: "", word: t("board.booking.observer_none") }, ...schedulers], value: "", isFor: (values) => of(values).observer && values.medium !== "phone", isMore: true },
    ],
    button: t("board.do.book"),
    sure: (values) => (isNewName(values, staff) ? { words: t("board.booking.sure_new", { name: values.added }), button: t("board.booking.sure_new_yes") } : null),
    send: (values) => {
      state.values = values;
      return app.api.post("/sessions", wishOf(values, of(values), staff), { "Idempotency-Key": state.key });
    },
    at: (refusal) => placesOf(refusal, state.values),
    onRefused: ({ code }) => {
      if (code === "too_late_to_book") state.isTooLate = true;
      if (code === "key_used") state.key = drawKey(); // the words say that the first one is booked; one more press is meant so
    },
    done: (session) => booked(session, state.values, app),
  });
}

// Whether the visitor is written to: only by a server that writes, and only where an address was given.
function mailed({ seeker_mail: address }, { bookable }) {
  if (!bookable.sends_mail) return t("board.booked_mail.none");
  return t(address ? "board.booked_mail.sent" : "board.booked_mail.no_address");
}

// The day of the booking with the drawer open on it, and over that the links: whoever closes them stands before the new session.
function booked(session, values, app) {
  const [starts, ends] = [ms(session.starts_at), ms(session.ends_at)];
  const nameIn = (seat) => session.participants.find((one) => one.seat === seat)?.display_name ?? "";
  const links = Object.entries(session.links ?? {});
  const isAdded = links.length > 0 && values.added && session.notes?.length > 0;
  app.dayChoice.show(dateOf(starts, app)).then(() => app.reveal(session.id));
  app.open(session.id);
  app.forms.tell(
    "booked",
    t("board.booked_title", { name: nameIn("seeker") }),
    h("p", { class: "num" }, h("b", {}, `${app.write.day(starts)} ${app.write.time(starts)}–${app.write.time(ends)}`), ` ${t("board.with", { name: nameIn("supporter") })}`),
    isAdded && h("p", { class: "small" }, t("board.booked_added", { name: nameIn("supporter") })),
    h("p", { class: "small" }, t(links.length > 0 ? "board.booked_lead" : "board.booked_again")),
    links.length > 0 && h("p", { class: "small", dataset: { testid: "mailed" } }, mailed(values, app)),
    links.map(([seat, url]) => createCopy(url, `${t(`who.${roleOf(seat)}`)} ${nameIn(seat)}`, seat).el),
  );
  return t("board.done.book");
}
