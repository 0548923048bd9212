// What follows from a new state of the session: the way in, the chime, the keys, the end.

import { t } from "../text.js";
import { unread } from "../desk/noted.js";
import { awayAs, hasJoined, isEndAsked, isLost, isOnPhone, isRunning, isSupporter, listed, me, offers, onStage, waiting } from "../state.js";

const DECLINED_MS = 15000;
const ASKED_MS = 10000; // a wish that comes true later is another's
const KINDS = ["audio", "video"];

export function createSettling(app) {
  const { s, clock, devices, encryption, announcer, chat, own, shown } = app;

  // before: the session as it was; null: it is the first that is known, or it was known before the line was lost
  function settle(before) {
    const mine = me(s);
    if (mine && mine.presence !== "at_door") s.isJoining = false;
    const wasTalking = ["live", "interrupted"].includes(before?.phase);
    const isTalking = isRunning(s);
    if (before && before.phase !== s.session.phase) s.notice = null; // it spoke of what was before
    if (before && !wasTalking && isTalking && mine?.is_admitted) app.ring();
    for (const seat of s.session.seats) if (isLost(seat)) delete s.mediaOf[seat.seat]; // told anew on the return
    if (before && isSupporter(s)) tellOfGuests(before);
    if (isSupporter(s) && isEndAsked(before) && !isEndAsked(s.session) && s.session.phase === "live") {
      s.wasEndDeclined = true;
      setTimeout(() => (s.wasEndDeclined = false), DECLINED_MS);
    }
    if (before && before.medium !== s.session.medium) changeMedium(before);
    holdUnused();
    encrypt();
    if (before && before.following?.state !== s.session.following?.state) tellOfNext();
    if (s.session.phase === "ended") {
      own.rest();
      chat.forget();
      s.noted = unread(s.session.id);
    } else own.comeInAgain();
  }

  // Who is in agrees on keys; whose line is lost may still hear us, and keeps them.
  function encrypt() {
    const { seats, phase, id } = s.session;
    const there = onStage(s).map((seat) => seat.seat);
    const kept = seats.filter((seat) => awayAs(seat) === "lost").map((seat) => seat.seat);
    encryption.meet({
      wanted: s.programme.e2ee,
      session: id,
      seat: s.you.seat,
      there,
      kept,
      cannot: there.some((seat) => s.canEncrypt[seat] === false),
      isIn: me(s)?.presence === "in" && phase !== "ended" && !isOnPhone(s),
      isLost: awayAs(me(s)) === "lost" && phase !== "ended" && !isOnPhone(s),
    });
  }

  // What has no use now waits for a press when it has one again: that may be another's wish, and come while this page is away.
  function holdUnused() {
    if (!hasJoined(s) || s.session.phase === "ended") return;
    for (const kind of KINDS) if (!offers(s, kind)) devices.holdBack(kind, "unseen");
  }

  // Same clock, same slot; only what the devices give is another thing now. The server offers a new connection where one is due.
  function changeMedium(before) {
    const { medium, at } = s.mediumAsked ?? {};
    if (medium === s.session.medium && clock.now() < at + ASKED_MS) devices.release(KINDS.filter((kind) => offers(s, kind) && !before.functions.includes(kind)));
    s.mediumAsked = null;
    announcer.say(t(`medium.${s.session.medium}`), true);
    if (["door", "check"].includes(shown.name)) shown.redraw(); // what is told and checked there is another thing now
    if (isOnPhone(s)) own.rest();
    else if (!offers(s, "video")) devices.drop("video");
    else if (own.isAsked && listed(s, "video")) own.open(true);
  }

  function tellOfNext() {
    const plan = s.session.following;
    if (plan?.state === "chosen") {
      s.chosenAt = clock.now();
      announcer.say(t("next.booked"));
    } else if (plan?.state === "open") announcer.say(t(isSupporter(s) ? "next.open_staff" : "next.open"));
  }

  function tellOfGuests(before) {
    const old = new Set(before.seats.filter((seat) => seat.presence === "lobby").map((seat) => seat.seat));
    const guests = waiting(s).filter((seat) => !old.has(seat.seat));
    if (!guests.length) return;
    app.ring();
    announcer.say(t("staff.guest", { name: guests.map((seat) => seat.display_name).join(t("list.and")) }));
  }

  return { settle, changeMedium, encrypt };
}
