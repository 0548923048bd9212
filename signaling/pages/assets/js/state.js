// What the page knows, and what follows from it. Pure: no element, no socket, no clock of its own.

import { ms } from "./clock.js";

export const NOBODY_AROUND = { isEngaged: false, after: null };

export function initialState() {
  return {
    now: Date.now(),
    isOnline: false, // welcome has come on the socket that is open
    hasOpened: false, // a socket has opened: nothing on the way blocks it
    isDraining: false, // the server goes down, and said so
    lostAt: null, // since when the socket is lost
    telephone: null, // whom to call while no programme is known
    you: null,
    programme: null,
    session: null,
    isInside: false, // in a page of another program, and not sent on from there
    refusal: null, // {code}: the whole page says so
    around: NOBODY_AROUND, // of the supporter's other sessions: still in an earlier one; to the supporter the one after this
    noted: null, // of the supporter's page: what was noted at the booking, as it was read
    terms: null, // {language, text}: the full text of the terms, once it was asked for
    isReadingTerms: false, // it is open
    panelTab: null, // of the supporter's panel: what is open beside the picture
    notice: null, // code of a refusal that the page survives
    step: "door", // how far this person has come: door (invitation, terms, consent), check (devices), lobby, call
    isLookingBack: false, // in the lobby, and gone back to an earlier step to look at it again
    agreed: null, // what was ticked at the door, word for word; it goes to the office on joining
    isJoining: false,
    isByStanding: false, // on the way in, or in, by the consent that this supporter gave today at this device
    canCall: true, // the browser lets the page make calls
    skew: 0, // by how many milliseconds the device's clock is ahead of the server's
    mediumAsked: null, // by this person: {medium, at}
    steppedOutAt: null,
    isTimeUp: false,
    mediaOf: {}, // of each seat: {audio, video, screen, encrypted, is_unstable, has_microphone}, what its page said of what it sends
    canEncrypt: {}, // of each seat: whether its page can encrypt from end to end
    warnedS: null,
    sheet: null, // which sheet this person has opened
    isGivingNotice: false, // word of being late is on its way
    links: {}, // of each purpose: the secret of the link to the session that follows, once it was asked for
    isAskingLink: null, // for which purpose a link to copy is on its way
    chosenAt: null, // when the next session was booked, for who is shown it
    told: null, // key of what has just been done
    wasEndDeclined: false,
    questionnaire: null, // {questions, is_answered}: what the programme asks after the end
    answers: {}, // what this person has said so far, by the key of the question
    isAnswering: false,
  };
}

export const seatOf = (s, id) => s.session?.seats.find((seat) => seat.seat === id) ?? null;
export const me = (s) => seatOf(s, s.you?.seat);
export const byRole = (s, role) => s.session?.seats.find((seat) => seat.role === role) ?? null;
export const can = (s, what) => s.isOnline && (s.session?.can.includes(what) ?? false);
export const isSupporter = (s) => s.you?.role === "supporter";
// Looks on: sees and hears the others, and sends nothing.
export const isObserver = (s) => s.you?.role === "scheduler";
export const isSeeker = (s) => s.you?.role === "seeker";

// The supporter has asked to end early, and the seeker has not answered.
export const isEndAsked = (session) => session?.question?.kind === "end_early";

export const isOnPhone = (s) => s.session?.medium === "phone";
// What the programme lists at all, and what the room offers by the present medium.
export const listed = (s, name) => s.programme.functions.includes(name);
export const offers = (s, name) => s.session.functions.includes(name);
export const isRunning = (s) => ["live", "interrupted"].includes(s.session?.phase);
export const isOpenNow = (plan, now) => plan?.state === "open" && ms(plan.expires_at) > now;

// In the lobby or in: who is there can be written to, and reads what is written.
export const isTalkingTo = (s) => ["lobby", "in"].includes(me(s)?.presence) && offers(s, "chat") && ["lobby", "call", "phone"].includes(viewOf(s));
// All names that stand on the page; the office may correct them as long as it is not live.
export const namesIn = (session) => JSON.stringify([session.seats.map((seat) => seat.display_name), session.beside]);
export const nameOfSeat = (s, id) => seatOf(s, id)?.display_name ?? "";

// Who is on the stage and can be reached. Nobody else is given a key: who holds one is seen.
export const onStage = (s) => (s.session?.seats ?? []).filter((seat) => seat.presence === "in" && seat.is_admitted);

// Whom this person has come to see.
export const other = (s) => byRole(s, isSupporter(s) ? "seeker" : "supporter");

// A seat is lost when the server says so, or when somebody who was let in is away.
export const isLost = (seat) => Boolean(seat) && (seat.is_lost || (seat.is_admitted && seat.presence === "away"));

// How somebody came to be away; null for who is not lost. What nobody has told us is a lost line.
export const awayAs = (seat) => (isLost(seat) ? (seat.away_as ?? "lost") : null);

// When it ends at the latest: as booked, or when planned maintenance begins before that (IX 11-1).
export const endsAt = (session) => ms(session.maintenance_at ?? session.ends_at);

// The cutoff while it threatens somebody: it lies ahead, and the seeker is away and has sent no word; null otherwise.
export function cutoffAhead(s) {
  const at = ms(s.session.cutoff_at);
  const isAwaited = byRole(s, "seeker")?.presence === "away" && !s.session.notices.seeker;
  return isAwaited && at !== null && at > s.now && at <= endsAt(s.session) ? at : null;
}

// Who of the office looks on, and what is said of it: {word, name}; told before anybody agrees. Null: nobody, as on the telephone.
export function observed(s) {
  const seat = byRole(s, "scheduler");
  if (!seat || isOnPhone(s)) return null;
  const word = isObserver(s) ? "observer.you" : seat.presence === "in" ? "observer.here" : "observer.comes";
  return { word, name: seat.display_name };
}

// Whose promise it is, to which words and in which version, and who sits beside the seeker.
export function promisedBy({ you, programme, session }) {
  const { terms_version: version, terms_text: text, terms_url: url, attestations } = programme;
  return JSON.stringify([you.seat, you.display_name, version, text, url, attestations, session.beside]);
}

// What is agreed to at the door: a tick holds for this session and this promise, and for nothing else.
export const agreementOf = (s) => JSON.stringify([s.session.id, promisedBy(s)]);

export const isAgreed = (s) => s.agreed !== null && s.agreed === agreementOf(s);

// Over the lobby one may look at the earlier steps again; the seat in it is kept.
export const hasJoined = (s) => {
  const mine = me(s);
  return Boolean(mine) && (["lobby", "in"].includes(mine.presence) || mine.has_joined);
};
const isBack = (s) => s.isLookingBack && ["door", "check"].includes(s.step);

export const waiting = (s) =>
  (s.session?.seats ?? []).filter((seat) => seat.presence === "lobby" && seat.role !== "supporter");

export function viewOf(s) {
  if (s.refusal) return "refused";
  if (s.isInside) return "inside";
  if (!s.session) return "connecting";
  if (s.session.phase === "ended") return "after";
  if (s.you.device === "asked" || !s.you.seat) return "claim";
  if (s.steppedOutAt !== null) return "away";
  const mine = me(s);
  const isIn = hasJoined(s);
  if (isOnPhone(s) && isIn) return isBack(s) && !isRunning(s) ? s.step : "phone";
  if (isRunning(s) && mine?.is_admitted && mine.has_joined) return "call";
  if (isIn) return isBack(s) ? s.step : "lobby";
  if (s.isJoining && s.isByStanding) return "connecting";
  return s.step === "door" || !isAgreed(s) ? "door" : "check";
}

// The next moment that concerns this person: {word, at}; the word is a key of the catalogue.
export function nextMoment(s) {
  const session = s.session;
  const at = (word, moment) => ({ word, at: ms(moment) });
  const end = { word: "until.end", at: endsAt(session) };
  switch (session.phase) {
    case "scheduled":
      return at("until.doors", session.opens_at);
    case "open":
      return at("until.start", session.starts_at);
    case "waiting": {
      const isThreatened = isSupporter(s) && cutoffAhead(s) !== null;
      return isThreatened ? at("until.cutoff", session.cutoff_at) : end;
    }
    default:
      return end;
  }
}

// The notice that holds now: the shortest warning that has been reached, in seconds; null before the first.
export function warningOf(s) {
  if (!["live", "interrupted"].includes(s.session.phase)) return null;
  const left = (endsAt(s.session) - s.now) / 1000;
  const reached = s.session.warnings_s.filter((span) => left <= span || s.warnedS === span);
  return reached.length && left > 0 ? Math.min(...reached) : null;
}

// Stepped out: {until, words}, until when the seat is kept and the key of what is said of it. No news reaches the page then,
// so only the time moves it on.
export function awayFor(s) {
  const isKept = isRunning(s);
  const word = isSeeker(s) && !isKept ? s.session.notices.seeker : null;
  const until = isKept ? keptUntil(s, s.steppedOutAt) : Math.min(ms(word?.until ?? s.session.cutoff_at) ?? Infinity, endsAt(s.session));
  if (until <= s.now) return { until, words: "away.words_late" };
  if (isKept) return { until, words: "away.words" };
  if (word) return { until, words: "away.words_noted" };
  return { until, words: s.now < ms(s.session.starts_at) ? "away.words_before" : "away.words_soon" };
}

// Until when somebody who is lost is waited for: the end where the office has the seats kept, else as long as the grace runs; null: no more.
export function waitedUntil(s, seat) {
  const isKept = s.session.kept_until && ["seeker", "supporter"].includes(seat.role);
  return ms(isKept ? s.session.kept_until : seat.grace_ends_at);
}

// Until when a seat is kept for somebody who is offline and cannot ask: a guess, never past the end, unless the office has said it.
export function keptUntil(s, since) {
  if (s.session.kept_until) return ms(s.session.kept_until);
  return Math.min(since + s.programme.grace_s * 1000, endsAt(s.session));
}
