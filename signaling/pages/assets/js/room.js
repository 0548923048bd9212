// The room's page: seeker, supporter, companions and an observer. Wires socket, devices, media connection and views.

import { canCall } from "./blocked.js";
import { thisBrowser } from "./browser.js";
import { ServerClock, ms, writer } from "./clock.js";
import { Devices } from "./devices.js";
import { Encryption } from "./e2ee/encryption.js";
import { Evidence } from "./evidence.js";
import { readSecret } from "./link.js";
import { Interruption } from "./interruption.js";
import { Peer } from "./peer.js";
import { Probe, found } from "./probe.js";
import { Quality } from "./quality.js";
import { Screen } from "./screen.js";
import { Socket } from "./socket.js";
import { WakeLock } from "./wake.js";
import { chime } from "./chime.js";
import { Memos } from "./desk/memo.js";
import { unread } from "./desk/noted.js";
import { waitsAfter } from "./views/after_this.js";
import { chosenLanguage, currentLanguage, remember, speak, t } from "./text.js";
import { NOBODY_AROUND, awayAs, can, initialState, isEndAsked, isLost, isObserver, isOnPhone, isRunning, isSupporter, listed, me, nameOfSeat, offers, onStage, viewOf, waiting, warningOf } from "./state.js";
import { Announcer } from "./announcer.js";
import { createSheets } from "./views/sheets.js";
import * as after from "./views/after.js";
import * as away from "./views/away.js";
import * as call from "./views/call.js";
import { Chat, createChat } from "./views/chat.js";
import * as check from "./views/check.js";
import * as claim from "./views/claim.js";
import * as connecting from "./views/connecting.js";
import * as door from "./views/door.js";
import * as inside from "./views/inside.js";
import * as lobby from "./views/lobby.js";
import * as phone from "./views/phone.js";
import * as refused from "./views/refused.js";

const VIEWS = { after, away, call, check, claim, connecting, door, inside, lobby, phone, refused };
const AWAKE = new Set(["call", "check", "connecting", "lobby", "phone"]);
const TICK_MS = 250;
const PATIENCE_MS = 6000;
const DECLINED_MS = 15000;
const TOLD_MS = 12000;
const CHECKED_MS = 2000; // the server counts one in so many
const WATCH_MS = 2000;
const CLOSED = { 1009: "protocol", 4400: "protocol", 4429: "protocol", 4401: "link_unknown", 4403: "unknown", 4409: "opened_elsewhere", 4410: "link_expired" };

const s = initialState();
const clock = new ServerClock();
const { secret: link, flaw } = readSecret(location.hash);
const page = document.getElementById("page");
let shown = { name: null, view: null };
let opening = null; // the promise of camera and microphone, while and after it was asked for

const devices = new Devices({
  onChange: () => {
    draw();
    interruption.tick(s.now); // it looks at new tracks at once
  },
  onAllowed: () => opening && openDevices(true),
});
const socket = new Socket({ clock, hello, onMessage: take, onOpen: () => (s.hasOpened = true), onLost, onRefused });
const encryption = new Encryption({
  send: (text) => socket.send({ type: "key", text }),
  renewMedia: () => socket.send({ type: "renew_media" }),
  rebuild: () => {
    peer.forget();
    socket.send({ type: "renew_media" });
  },
  onChange: () => draw(),
});
const peer = new Peer({ send: (message) => socket.send(message), ready: readyStream, onChange: () => draw(), onUnheard: () => socket.renew(), encryption });
const probe = new Probe({ send: (message) => s.isOnline && socket.send(message), isVisible: () => document.visibilityState === "visible", onChange: () => draw() });
const browser = thisBrowser();
const screen = new Screen({ peer, onChange: () => draw() });
const quality = new Quality({ peer, isOnline: () => s.isOnline, onChange: () => draw() });
const announcer = new Announcer();
const wakeLock = new WakeLock();
const interruption = new Interruption({
  devices,
  retake: (kind) => sendFrom(devices.retake(kind)),
  isWanted: () => Boolean(opening) && !devices.isOpening && ["lobby", "call"].includes(shown.name),
  isVisible: () => document.visibilityState === "visible",
  isDeafAfterwards: "audioSession" in navigator,
  onBack: (kind, isAnother) => tell(isAnother ? `devices.other_${kind}` : "devices.back"),
});
const evidence = new Evidence({
  send: (message) => socket.send(message),
  peer,
  devices,
  connection: () => (s.isOnline && s.you?.seat ? s.you.connection : null),
  isIn: () => me(s)?.presence === "in",
});

const chat = new Chat();
const app = { s, browser, devices, interruption, peer, probe, encryption, screen, quality, chat, memos: new Memos(Date.now()), write: writer("ja", "Asia/Tokyo"), do: actions() };
const sheets = createSheets(app);
const drawer = createChat(app);
app.chatEl = drawer.el;
const NOTED_CODES = new Set(["data_closed", "too_many_readings"]);
const CHAT_CODES = new Set(["function_not_allowed", "too_many_messages", "nobody_reads"]);
const PROBE_CODES = new Set(["probe_full", "probe_not_now"]);
let written = []; // lines on their way, oldest first; each is answered by itself or by a refusal

function hello() {
  return { type: "hello", version: 1, link, media_epoch: peer.heldEpoch, language: currentLanguage(), e2ee: encryption.isAble };
}

function actions() {
  const send = (message) => socket.send(message);
  return {
    speak: async (language) => {
      remember(language);
      await speak(language);
      retell();
      redraw();
    },
    agree: () => {
      s.step = "check";
      if (!isOnPhone(s)) openDevices();
      draw();
    },
    openDevices: () => openDevices(true),
    join: () => {
      s.notice = null;
      join();
      draw();
    },
    admit: () => waiting(s).forEach((seat) => send({ type: "admit", seat: seat.seat })),
    stepOut,
    comeBack,
    askEnd: () => openSheet("end"),
    closeSheet: () => openSheet(null),
    chooseDevices: () => openSheet("devices"),
    end: (works) => {
      send({ type: "end", works });
      openSheet(null);
    },
    requestEnd: () => {
      s.wasEndDeclined = false;
      send({ type: "request_end" });
      draw();
    },
    answerEnd: (agrees) => send({ type: "answer_end", agrees }),
    release: () => send({ type: "release_seat" }),
    wait: () => {
      if (can(s, "wait")) send({ type: "wait" });
      openSheet(null);
    },
    askAnotherDate: () => openSheet("wait_or_reschedule"),
    begin: () => send({ type: "begin" }),
    anotherDate: () => send({ type: "another_date" }),
    chooseSlot: (option, purpose) => {
      s.notice = null;
      send({ type: "choose_slot", option, purpose });
    },
    follow: (purpose) => {
      s.notice = null;
      send({ type: "follow", purpose });
    },
    decline: () => send({ type: "decline_reschedule", purpose: "reschedule" }),
    bookNext: () => {
      if (can(s, "book_next")) send({ type: "book_next" });
      openSheet("next");
    },
    askNext: () => send({ type: "book_next" }),
    readNoted: () => {
      Object.assign(s.noted, { isAsking: send({ type: "read_noted" }), refusal: null });
      draw();
    },
    declineNext: () => {
      send({ type: "decline_reschedule", purpose: "next" });
      openSheet(null);
    },
    openSheet,
    switchMedium: (medium) => {
      s.notice = null;
      send({ type: "switch_medium", medium });
      openSheet(null);
    },
    renewMedia: () => send({ type: "renew_media" }),
    reportCall: (state) => {
      s.notice = null;
      send({ type: "report_call", state });
    },
    answerFinish: (finished) => send({ type: "answer_finish", finished }),
    object: () => send({ type: "object" }),
    stop: (kind, accused, note) => {
      if (send({ type: "stop", kind, accused, note })) openSheet(null);
      else tell("stop.not_sent");
    },
    reportProblem: (note) => {
      if (!send({ type: "report_problem", note, measured: evidence.measured })) return tell("stop.not_sent");
      tell(s.session.phase === "ended" ? "problem.sent_after" : "problem.sent");
      return openSheet(null);
    },
    answerQuestions: (answers) => {
      s.notice = null;
      s.isAnswering = send({ type: "answer_questionnaire", answers });
      draw();
    },
    openChat: (isOpen) => {
      chat.open(isOpen);
      draw();
    },
    write: (text) => {
      if (!send({ type: "chat", text })) return false;
      written.push(text);
      return true;
    },
    giveNotice: () => send({ type: "give_notice" }),
    answerClaim: (seat, agrees) => send({ type: "answer_claim", seat, agrees }),
    toggle: (kind) => devices.toggle(kind),
    shareScreen: () => screen.toggle(),
    choose: (kind, id) => sendFrom(devices.choose(kind, id)),
    flip: () => sendFrom(devices.flip()),
    take: () => interruption.take(),
    chime: ring,
    stayInside: () => {
      s.isInside = false;
      connect();
      draw();
    },
    hurry: () => socket.hurry(),
  };
}

function ring() {
  chime((context) => devices.speakThrough(context));
}

function openSheet(kind) {
  s.sheet = kind;
  draw();
}

// Asked for once; again only on purpose, after something was refused or missing. Of who only looks on, never.
function openDevices(isAgain = false) {
  if (isObserver(s)) return Promise.resolve();
  if (!opening || isAgain) {
    const wantsVideo = s.session ? offers(s, "video") : true;
    opening = devices.open({ wantsVideo }).then(() => peer.pc && devices.stream.getTracks().forEach((track) => peer.replace(track)));
  }
  return opening;
}

// Another camera or microphone takes the place of the one before, for the others too.
async function sendFrom(opened) {
  const track = await opened;
  if (track) await peer.replace(track);
  return track;
}

// A question of the browser that nobody answers must not keep the other person's picture away: what comes later is sent later.
function readyStream() {
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  return Promise.race([openDevices(), patience]).then(() => devices.stream);
}

function join() {
  const { terms_version, attestations } = s.programme;
  s.isJoining = socket.send({ type: "join", terms_version, attestations });
}

// Agreed before, and only back from a reload or a dropped line: the server has put this person back already.
function comeInAgain() {
  if (me(s)?.has_joined && s.steppedOutAt === null && !s.isTimeUp && !isOnPhone(s)) openDevices();
}

function stepOut() {
  if (!socket.send({ type: "step_out" })) return;
  s.steppedOutAt = clock.now();
  s.sheet = null;
  setTimeout(() => s.steppedOutAt !== null && socket.close(), 500); // after the word is out
  rest();
  draw();
}

function comeBack() {
  s.steppedOutAt = null;
  s.isOnline = false;
  s.isJoining = false;
  s.lostAt = clock.now();
  socket.close();
  socket.connect();
  draw();
}

// Camera and microphone off, media closed: nothing of this person leaves the device.
function rest() {
  screen.stop();
  peer.forget();
  devices.close();
  opening = null;
}

const TAKE = {
  welcome(message) {
    const isFirst = s.session === null;
    Object.assign(s, { you: message.you, programme: message.programme, session: message.session });
    Object.assign(s, { isOnline: true, isDraining: false, lostAt: null, isJoining: false, notice: null, mediaOf: {}, around: NOBODY_AROUND });
    if (s.noted === null) s.noted = unread(message.session.id);
    s.noted.isAsking = false; // whether that was heard, nobody can say any more
    written = []; // whether they got there, nobody can say any more
    retell();
    if (isFirst) redraw();
    settle(null);
    if (!isFirst) encryption.resume();
    peer.restart();
  },
  session({ session }) {
    const before = s.session;
    if (!before || session.version < before.version) return;
    s.session = session;
    settle(before);
  },
  offer(message) {
    if (s.steppedOutAt === null && !s.isTimeUp) peer.offer(message);
  },
  probe_offer(message) {
    probe.offer(message);
  },
  media_state({ seat, ...state }) {
    s.mediaOf[seat] = state;
  },
  encryption({ seat, is_able: isAble }) {
    s.canEncrypt[seat] = isAble;
    encrypt();
  },
  key({ seat, text }) {
    encryption.take(seat, text);
  },
  noted({ reference, note }) {
    Object.assign(s.noted, { isAsking: false, noted: { reference, note } });
  },
  around({ is_engaged: isEngaged, after }) {
    const wasWaiting = waitsAfter(s);
    s.around = { isEngaged, after };
    const next = waitsAfter(s);
    if (next && !wasWaiting) announcer.say(t("following.waits", { name: next.seeker_name, time: app.write.moment(ms(next.starts_at)) }));
  },
  chat(line) {
    const isMine = line.seat === s.you.seat;
    if (isMine) written.shift();
    chat.take(line, isMine);
    if (!isMine && !chat.isOpen) announcer.say(t("chat.said", { name: nameOfSeat(s, line.seat), text: line.text }));
  },
  warning({ left_s: left }) {
    s.warnedS = left;
  },
  way({ link: onward }) {
    location.hash = onward; // and the page opens anew
  },
  questionnaire({ questions, is_answered: isAnswered }) {
    if (isAnswered && s.isAnswering) announcer.say(t("questions.done"));
    Object.assign(s, { questionnaire: { questions, is_answered: isAnswered }, isAnswering: false });
  },
  time_is_up() {
    s.isTimeUp = true;
    rest();
    announcer.say(t("cover.time_up"), true);
  },
  refused({ code, closes }) {
    if (PROBE_CODES.has(code)) return void probe.refused(code);
    s.isJoining = s.isAnswering = false;
    if (code === "draining") {
      s.isDraining = true; // the close that follows brings us to another node
      return;
    }
    if (!closes && CHAT_CODES.has(code)) {
      chat.failed = { code, text: written.shift() ?? null };
      return;
    }
    if (!closes && NOTED_CODES.has(code)) {
      Object.assign(s.noted, { isAsking: false, refusal: { sentence: t(`refusal.${code}`), next: t(`refusal.${code}.next`) } });
      return;
    }
    if (closes) refuse(code);
    else s.notice = code;
  },
  error({ code, detail }) {
    console.warn("the server did not understand", code, detail);
  },
};

function take(message) {
  TAKE[message.type]?.(message);
  draw();
}

// What follows from a new state: the way in, the chime, the end.
function settle(before) {
  const mine = me(s);
  if (mine && mine.presence !== "at_door") s.isJoining = false;
  const wasTalking = ["live", "interrupted"].includes(before?.phase);
  const isTalking = isRunning(s);
  if (before && before.phase !== s.session.phase) s.notice = null; // it spoke of what was before
  if (before && !wasTalking && isTalking && mine?.is_admitted) ring();
  for (const seat of s.session.seats) if (isLost(seat)) delete s.mediaOf[seat.seat]; // told anew on the return
  if (before && isSupporter(s)) tellOfGuests(before);
  if (isSupporter(s) && isEndAsked(before) && !isEndAsked(s.session) && s.session.phase === "live") {
    s.wasEndDeclined = true;
    setTimeout(() => (s.wasEndDeclined = false), DECLINED_MS);
  }
  if (before && before.medium !== s.session.medium) changeMedium();
  encrypt();
  if (before && before.following?.state !== s.session.following?.state) tellOfNext();
  if (s.session.phase === "ended") {
    rest();
    chat.forget();
    s.noted = unread(s.session.id);
  } else comeInAgain();
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
  });
}

// Same clock, same slot; only what the devices give is another thing now. The server offers a new connection where one is due.
function changeMedium() {
  announcer.say(t(`medium.${s.session.medium}`), true);
  if (["door", "check"].includes(shown.name)) redraw(); // what is told and checked there is another thing now
  if (isOnPhone(s)) rest();
  else if (!offers(s, "video")) devices.drop("video");
  else if (opening && listed(s, "video")) openDevices(true);
}

function tellOfNext() {
  const plan = s.session.following;
  if (plan?.state === "chosen") {
    s.chosenAt = clock.now();
    announcer.say(t("next.booked"));
  } else if (plan?.state === "open") announcer.say(t(isSupporter(s) ? "next.open_staff" : "next.open"));
}

// Said once, and shown for a while.
function tell(key) {
  s.told = key;
  announcer.say(t(key));
  setTimeout(() => s.told === key && (s.told = null), TOLD_MS);
}

function tellOfGuests(before) {
  const old = new Set(before.seats.filter((seat) => seat.presence === "lobby").map((seat) => seat.seat));
  const guests = waiting(s).filter((seat) => !old.has(seat.seat));
  if (!guests.length) return;
  ring();
  announcer.say(t("staff.guest", { name: guests.map((seat) => seat.display_name).join(t("list.and")) }));
}

// What the others cannot see for themselves: black may be a camera that is off. At each tick, so that no key held down floods the line.
let toldMedia = "";

function tellMedia() {
  if (!s.isOnline || !s.you.seat || isOnPhone(s) || !opening || devices.isOpening || s.session.phase === "ended") return;
  const isSent = (kind) => devices.isOn(kind) && !interruption.taken.includes(kind);
  const said = { audio: isSent("audio"), video: isSent("video"), screen: screen.isOn, encrypted: encryption.isSealing, is_unstable: quality.word === "unstable" };
  const key = JSON.stringify([s.you.connection, said]);
  if (key !== toldMedia && socket.send({ type: "media_state", ...said })) toldMedia = key;
}

// What the check found goes to the office, in words: after each change, and anew with each connection.
let toldCheck = { key: "", at: 0 };

function tellCheck() {
  if (!s.isOnline || !s.you.seat || isOnPhone(s) || isObserver(s) || !opening || devices.isOpening || s.session.phase === "ended") return;
  const said = found({ devices, probe, browser });
  const key = JSON.stringify([s.you.connection, said]);
  if (key === toldCheck.key || s.now < toldCheck.at + CHECKED_MS) return;
  if (socket.send({ type: "checked", ...said })) toldCheck = { key, at: s.now };
}

function onLost() {
  s.isOnline = false;
  probe.stop();
  s.isJoining = s.isAnswering = false;
  s.lostAt ??= clock.now();
  draw();
}

function onRefused(code) {
  s.isOnline = false;
  if (code !== 1000) refuse(CLOSED[code] ?? "unknown");
  draw();
}

function refuse(code) {
  // Of a link that nobody knows, its shape may tell what happened to it.
  s.refusal ??= { code: code === "link_unknown" && flaw ? `link_${flaw}` : code };
  rest();
}

function retell() {
  app.write = writer(currentLanguage(), s.programme?.time_zone ?? "Asia/Tokyo");
}

function redraw() {
  shown.view?.rest?.();
  shown = { name: null, view: null };
  draw();
}

function draw() {
  s.now = clock.now();
  s.skew = Date.now() - s.now;
  const name = viewOf(s);
  if (name !== shown.name) {
    const isFirst = shown.name === null;
    shown.view?.rest?.();
    shown = { name, view: VIEWS[name].create(app) };
    page.replaceChildren(shown.view.el);
    const title = t(name === "check" && isOnPhone(s) ? "title.phone" : `title.${name}`);
    document.title = `${title} | ${t("site.name")}`;
    document.body.dataset.view = name;
    window.scrollTo(0, 0);
    if (!isFirst) shown.view.focus?.focus({ preventScroll: true });
    announcer.say(title);
  }
  shown.view.update();
  sheets.update();
  drawer.update();
  announceWarning();
}

let saidWarning = null;

function announceWarning() {
  const span = s.session ? warningOf(s) : null;
  if (span === saidWarning) return;
  saidWarning = span;
  if (span !== null) announcer.say(t(span >= 60 ? "warning.minutes" : "warning.seconds", { n: span >= 60 ? Math.round(span / 60) : span }), true);
}

function sayGoodbye() {
  if (s.refusal || s.steppedOutAt !== null || !s.you) return;
  socket.send({ type: "leaving" });
  navigator.sendBeacon?.("/beacon", s.you.connection);
}

// The end comes for everybody: for who stepped out and for who is offline too (IX 6-4).
function lookAtTheEnd() {
  if (!s.session || s.session.phase === "ended" || s.now < ms(s.session.ends_at) + 1000) return;
  if (s.steppedOutAt !== null) comeBack();
  else if (!s.isTimeUp && shown.name === "call") TAKE.time_is_up();
}

function tick() {
  draw();
  interruption.tick(s.now);
  tellMedia();
  tellCheck();
  lookAtTheEnd();
  wakeLock.keep(AWAKE.has(shown.name), s.now);
}

async function start() {
  await speak(chosenLanguage());
  retell();
  document.body.append(drawer.el, sheets.el, ...announcer.els);
  s.canCall = canCall();
  s.isInside = browser.support === "inside";
  if (!link) refuse("link_unknown");
  draw();
  await encryption.prepare();
  setInterval(tick, TICK_MS);
  setInterval(() => peer.pc && encryption.watch(peer.pc), WATCH_MS);
  window.addEventListener("hashchange", () => location.reload());
  window.addEventListener("pagehide", sayGoodbye);
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", tick);
  connect();
}

// Inside of another program nothing is sent before the person says so: the seat is to be the real browser's.
function connect() {
  if (link && !s.isInside) socket.connect();
}

start();
