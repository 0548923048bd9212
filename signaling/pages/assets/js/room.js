// The room's page: seeker, supporter, companions and an observer. Wires socket, devices, media connection and views. What the
// server says is in room/messages.js, what a person does in room/actions.js, what stands on the page in room/shown.js.

import { canCall } from "./blocked.js";
import { thisBrowser } from "./browser.js";
import { ServerClock, ms, writer } from "./clock.js";
import { Devices } from "./devices.js";
import { Encryption } from "./e2ee/encryption.js";
import { Evidence } from "./evidence.js";
import { readSecret } from "./link.js";
import { Interruption } from "./interruption.js";
import { Peer } from "./peer.js";
import { Probe } from "./probe.js";
import { Quality } from "./quality.js";
import { Screen } from "./screen.js";
import { Socket } from "./socket.js";
import { WakeLock } from "./wake.js";
import { chime } from "./chime.js";
import { Memos } from "./desk/memo.js";
import { chosenLanguage, currentLanguage, speak } from "./text.js";
import { initialState, me } from "./state.js";
import { Announcer } from "./announcer.js";
import { Chat } from "./views/chat.js";
import { createActions } from "./room/actions.js";
import { createMessages } from "./room/messages.js";
import { createOwn } from "./room/own.js";
import { createSettling } from "./room/settling.js";
import { createShown } from "./room/shown.js";
import { createStanding } from "./room/standing.js";
import { createSteps } from "./room/steps.js";
import { createTelling } from "./room/telling.js";

const AWAKE = new Set(["call", "check", "connecting", "lobby", "phone"]);
const TICK_MS = 250;
const WATCH_MS = 2000;

const s = initialState();
s.telephone = document.querySelector("#static .tel")?.textContent ?? null; // of the office, where it has given one
const clock = new ServerClock();
const { secret: link, flaw } = readSecret(location.hash);
const isVisible = () => document.visibilityState === "visible";
const draw = () => shown.draw();

const devices = new Devices({
  onChange: () => {
    draw();
    interruption.tick(s.now); // it looks at new tracks at once
  },
  onAllowed: () => own.isAsked && own.open(true),
});
const socket = new Socket({ clock, hello, onMessage: (message) => messages.take(message), onOpen: () => (s.hasOpened = true), onLost: () => messages.lost(), onRefused: (code) => messages.closed(code) });
const encryption = new Encryption({
  send: (text) => socket.send({ type: "key", text }),
  renewMedia: () => socket.send({ type: "renew_media" }),
  rebuild: () => {
    peer.forget();
    socket.send({ type: "renew_media" });
  },
  onChange: draw,
});
const peer = new Peer({
  send: (message) => socket.send(message),
  ready: () => own.stream(),
  onChange: draw,
  heardAt: () => socket.heardAt,
  onUnheard: () => socket.renew(),
  encryption,
});
const probe = new Probe({ send: (message) => s.isOnline && socket.send(message), isVisible, onChange: draw });
const screen = new Screen({ peer, onChange: draw });
const quality = new Quality({ peer, isOnline: () => s.isOnline, onChange: draw });
const wakeLock = new WakeLock();
const interruption = new Interruption({
  devices,
  retake: (kind) => own.sendFrom(devices.retake(kind)),
  isWanted: () => own.isReady && ["lobby", "call"].includes(shown.name),
  isVisible,
  isDeafAfterwards: "audioSession" in navigator,
  onBack: (kind, isAnother) => shown.tell(isAnother ? `devices.other_${kind}` : "devices.back"),
});
const evidence = new Evidence({
  send: (message) => socket.send(message),
  peer,
  devices,
  connection: () => (s.isOnline && s.you?.seat ? s.you.connection : null),
  isIn: () => me(s)?.presence === "in",
});

// What the modules of the room share; each of the later ones knows those before it.
const ring = () => chime((context) => devices.speakThrough(context));
const app = { s, clock, flaw, browser: thisBrowser(), socket, devices, interruption, peer, probe, encryption, screen, quality, evidence, announcer: new Announcer(), chat: new Chat(), memos: new Memos(Date.now()), write: writer("ja", "Asia/Tokyo"), ring, connect };
const own = (app.own = createOwn(app));
const shown = (app.shown = createShown(app));
app.standing = createStanding(app);
app.steps = createSteps(app);
app.settling = createSettling(app);
const messages = createMessages(app);
const telling = createTelling(app);
app.do = createActions(app);

function hello() {
  return { type: "hello", version: 1, link, media_epoch: peer.heldEpoch, language: currentLanguage(), e2ee: encryption.isAble };
}

// Inside of another program nothing is sent before the person says so: the seat is to be the real browser's.
function connect() {
  if (link && !s.isInside) socket.connect();
}

function sayGoodbye() {
  if (s.refusal || s.steppedOutAt !== null || !s.you) return;
  socket.send({ type: "leaving" });
  navigator.sendBeacon?.("/beacon", s.you.connection);
}

// The end comes for everybody: for who stepped out and for who is offline too (IX 6-4).
function lookAtTheEnd() {
  if (!s.session || s.session.phase === "ended" || s.now < ms(s.session.ends_at) + 1000) return;
  if (s.steppedOutAt !== null) app.do.comeBack();
  else if (!s.isTimeUp && shown.name === "call") messages.timeIsUp();
}

function tick() {
  draw();
  interruption.tick(s.now);
  telling.tick();
  lookAtTheEnd();
  wakeLock.keep(AWAKE.has(shown.name), s.now);
}

async function start() {
  setTimeout(() => app.write.moment(clock.now())); // the first time that a page writes takes long: while its words are on their way
  await speak(chosenLanguage());
  shown.begin();
  s.canCall = canCall();
  s.isInside = app.browser.support === "inside";
  if (!link) messages.refuse("link_unknown");
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

start();
