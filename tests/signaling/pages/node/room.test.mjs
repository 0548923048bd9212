// What the room's page does with its parts: devices asked for once, lines that were not passed on, what the server is told
// unasked; without a page.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/", import.meta.url);
const { createOwn } = await import(new URL("room/own.js", JS));
const { createTelling } = await import(new URL("room/telling.js", JS));
const { createMessages } = await import(new URL("room/messages.js", JS));
const { Chat } = await import(new URL("views/chat.js", JS));
const { awaitedAs } = await import(new URL("views/stage.js", JS));
const { awayFor, initialState } = await import(new URL("state.js", JS));

const seat = (id, fields = {}) => ({ seat: id, role: id, display_name: id, presence: "in", has_joined: true, ...fields });

function stateOf(role, fields = {}) {
  const session = { phase: "live", medium: "video", version: 1, functions: ["audio", "video", "chat"], seats: [seat("seeker"), seat("supporter")], ...fields };
  return Object.assign(initialState(), { isOnline: true, you: { connection: "c1", seat: role, role }, session, now: 1_000_000 });
}

function devicesOf(opened) {
  const stream = { getTracks: () => [] };
  return { stream, isOpening: false, open: async (wish) => void opened.push(wish), close: () => opened.push("closed"), isOn: () => true, isDenied: () => false, held: null };
}

const idle = { pc: null, forget() {}, stop() {} };

test("camera and microphone are asked for once, again on purpose, and of who only looks on never", async () => {
  const opened = [];
  const own = createOwn({ s: stateOf("seeker"), devices: devicesOf(opened), peer: idle, screen: idle });
  assert.equal(own.isAsked, false);
  await own.open();
  await own.open();
  assert.deepEqual(opened, [{ wantsVideo: true }]);
  await own.open(true);
  assert.equal(opened.length, 2);
  own.rest();
  assert.equal(own.isAsked, false, "what is put down must be asked for anew");

  const looking = [];
  await createOwn({ s: stateOf("scheduler"), devices: devicesOf(looking), peer: idle, screen: idle }).open(true);
  assert.deepEqual(looking, []);
});

test("by sound only, no camera is asked for", async () => {
  const opened = [];
  const s = stateOf("seeker", { medium: "audio", functions: ["audio", "chat"] });
  await createOwn({ s, devices: devicesOf(opened), peer: idle, screen: idle }).open();
  assert.deepEqual(opened, [{ wantsVideo: false }]);
});

test("a picture that has not come is on its way for a quarter of a minute", () => {
  assert.deepEqual([0, 3000, 3001, 15_000, 15_001].map(awaitedAs), [null, null, "cover.connecting", "cover.connecting", "call.sound_only"]);
});

test("a line that was not passed on gives back its own words, not those of a later one", () => {
  const chat = new Chat();
  chat.onTheWay.push("first", "second");
  chat.refused("too_many_messages");
  assert.deepEqual(chat.failed, { code: "too_many_messages", text: "first" });
  chat.take({ seat: "seeker", text: "second" }, true);
  assert.equal(chat.giveBack(), "first", "also when something else was being written meanwhile");
  assert.equal(chat.giveBack(), "");
  chat.take({ seat: "seeker", text: "first" }, true);
  assert.equal(chat.failed, null);
  assert.deepEqual(chat.onTheWay, []);
  chat.refused("nobody_reads");
  assert.equal(chat.failed.text, null, "nothing was on its way");
});

test("who is no longer among those who talk gets the line back, and no later line is taken for it", () => {
  const s = Object.assign(stateOf("seeker"), { noted: { isAsking: false } });
  const parts = { peer: { ...idle, restart() {} }, encryption: { resume() {} }, shown: { draw() {}, retell() {}, redraw() {} } };
  const { app, messages } = messagesOf(s, parts);
  messages.take({ type: "refused", code: "not_connected", closes: false });
  assert.deepEqual([app.chat.failed, s.notice], [null, "not_connected"], "no line was on its way: something else was refused");
  app.chat.onTheWay.push("first");
  messages.take({ type: "refused", code: "not_connected", closes: false });
  assert.deepEqual(app.chat.failed, { code: "not_connected", text: "first" });
  assert.deepEqual(app.chat.onTheWay, []);
});

test("of a line that was on its way when the connection was cut, who wrote it is told, and gets the words back", () => {
  const s = Object.assign(stateOf("seeker"), { noted: { isAsking: false } });
  const welcome = { type: "welcome", you: s.you, programme: {}, session: s.session };
  const parts = { peer: { ...idle, restart() {} }, encryption: { resume() {} }, shown: { draw() {}, retell() {}, redraw() {} } };
  const { app, messages } = messagesOf(s, parts);
  messages.take(welcome);
  assert.equal(app.chat.failed, null, "nothing was on its way");
  app.chat.onTheWay.push("first", "second");
  app.chat.take({ seat: "seeker", text: "first" }, true);
  messages.lost();
  messages.take(welcome);
  assert.deepEqual(app.chat.failed, { code: "not_sure", text: "second" });
  assert.equal(app.chat.giveBack(), "second");
  app.chat.take({ seat: "seeker", text: "second" }, true);
  assert.equal(app.chat.failed, null, "sent again");
});

function tellingOf(s, own = { isReady: true }) {
  const sent = [];
  const socket = { send: (message) => sent.push(message) > 0 };
  const devices = { isOn: () => true, state: {}, track: () => null, kinds: {} };
  const parts = { s, socket, browser: {}, devices, interruption: { taken: [] }, screen: { isOn: false }, encryption: { isSealing: true }, quality: { word: "good" }, probe: {}, own };
  return { sent, parts, telling: () => sent.filter((message) => message.type === "media_state") };
}

test("what is sent is told at a change and on each connection, not at each tick", () => {
  const s = Object.assign(stateOf("seeker"), { now: 0 }); // too early to tell of the check
  const { parts, telling } = tellingOf(s);
  const teller = createTelling(parts);
  teller.tick();
  teller.tick();
  assert.equal(telling().length, 1);
  parts.interruption.taken = ["video"];
  teller.tick();
  assert.deepEqual(telling().map((message) => message.video), [true, false]);
  s.you = { ...s.you, connection: "c2" };
  teller.tick();
  assert.equal(telling().length, 3);
});

test("nothing is told before the devices are there, by telephone, offline, or after the end", () => {
  const cases = [
    [stateOf("seeker"), { isReady: false }],
    [stateOf("seeker", { medium: "phone" })],
    [Object.assign(stateOf("seeker"), { isOnline: false })],
    [stateOf("seeker", { phase: "ended" })],
  ];
  for (const [s, own] of cases) {
    const { sent, parts } = tellingOf(s, own);
    createTelling(parts).tick();
    assert.deepEqual(sent, []);
  }
});

function messagesOf(s, parts = {}) {
  const done = [];
  const note = (name) => () => void done.push(name);
  const app = { s, flaw: null, clock: { now: () => 5 }, chat: new Chat(), own: { rest: note("rest") }, probe: { refused: note("probe"), stop: note("stop") }, announcer: { say: note("say") }, shown: { draw: note("draw") }, settling: { settle: note("settle"), encrypt: note("encrypt") }, ...parts };
  return { app, done, messages: createMessages(app) };
}

test("a refusal goes where it belongs: to the check, the chat, what was noted, the page, or over all of it", () => {
  const s = Object.assign(stateOf("seeker"), { noted: { isAsking: true }, isJoining: true });
  const { app, done, messages } = messagesOf(s);
  messages.take({ type: "refused", code: "probe_full", closes: false });
  assert.equal(s.isJoining, true, "the check is nothing of the way in");
  messages.take({ type: "refused", code: "nobody_reads", closes: false });
  assert.equal(app.chat.failed.code, "nobody_reads");
  messages.take({ type: "refused", code: "too_many_readings", closes: false });
  assert.equal(s.noted.isAsking, false);
  assert.equal(s.notice, null);
  messages.take({ type: "refused", code: "terms_not_accepted", closes: false });
  assert.equal(s.notice, "terms_not_accepted");
  assert.equal(s.refusal, null);
  messages.take({ type: "refused", code: "draining", closes: true });
  assert.equal(s.refusal, null, "the close that follows leads to another node");
  messages.take({ type: "refused", code: "link_revoked", closes: true });
  assert.deepEqual(s.refusal, { code: "link_revoked" });
  assert.ok(done.includes("rest"), "nothing of this person leaves the device any more");
});

test("of a link that nobody knows, its shape tells what happened to it", () => {
  const s = stateOf("seeker");
  messagesOf(s, { flaw: "cut" }).messages.closed(4401);
  assert.deepEqual(s.refusal, { code: "link_cut" });
});

test("an older state than the one that is shown is none, and a message that nobody knows is nothing", () => {
  const s = stateOf("seeker", { version: 7 });
  const { done, messages } = messagesOf(s);
  messages.take({ type: "session", session: { ...s.session, version: 6 } });
  assert.equal(s.session.version, 7);
  messages.take({ type: "of_next_year" });
  assert.ok(!done.includes("settle"));
  messages.take({ type: "session", session: { ...s.session, version: 8 } });
  assert.ok(done.includes("settle"));
});

test("who has stepped out reads until when, as it was promised, and what follows from the time", () => {
  const minute = 60_000;
  const at = (minutes) => new Date(minutes * minute).toISOString();
  const times = { phase: "open", starts_at: at(10), cutoff_at: at(20), ends_at: at(40), maintenance_at: null, notices: { seeker: null, supporter: null } };
  const away = (now, fields = {}, role = "seeker") => {
    const s = Object.assign(stateOf(role, { ...times, ...fields }), { now: now * minute, steppedOutAt: 5 * minute, programme: { grace_s: 120 } });
    const { until, words } = awayFor(s);
    return `${words} ${until / minute}`;
  };
  assert.equal(away(6), "away.words_before 20");
  assert.equal(away(10.1), "away.words_soon 20");
  assert.equal(away(20), "away.words_late 20");
  const notices = { seeker: { at: at(3), until: at(30) }, supporter: null };
  assert.equal(away(21, { notices }), "away.words_noted 30");
  assert.equal(away(30, { notices }), "away.words_late 30");
  assert.equal(away(12, { notices }, "supporter"), "away.words_soon 20", "the word is the seeker's");
  assert.equal(away(6, { phase: "live", notices }), "away.words 7");
  assert.equal(away(7, { phase: "interrupted" }), "away.words_late 7");
  assert.equal(away(7, { phase: "interrupted", kept_until: at(40) }), "away.words 40", "what the office has said is no guess");
});
