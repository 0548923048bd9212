// The end-to-end encryption of the pages without a page: frames, and people who agree through a server.

import assert from "node:assert/strict";
import test from "node:test";

const JS = new URL("../../../../signaling/pages/assets/js/e2ee/", import.meta.url);
const { Opener, Sealer, clearBytes, isSealed } = await import(new URL("frames.js", JS));
const { Agreement } = await import(new URL("agreement.js", JS));
const { Identity } = await import(new URL("identity.js", JS));
const { base64, digest, fromBase64 } = await import(new URL("bytes.js", JS));

const KEY_FRAME = Uint8Array.of(0x10, 2, 0, 0x9d, 1, 0x2a, 64, 1, 240, 0, ...Array(200).fill(7));
const DELTA = Uint8Array.of(0x11, 9, 9, ...Array(90).fill(5));
const newKey = () => crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);

async function pair(epoch = 1) {
  const [key, sealer, opener] = [await newKey(), new Sealer(), new Opener()];
  sealer.use(epoch, key);
  opener.learn(epoch, key);
  return { key, sealer, opener };
}

test("a frame comes back as it was, and its clear bytes stay where they are", async () => {
  const { sealer, opener } = await pair();
  for (const [kind, frame, clear] of [["video", KEY_FRAME, 10], ["video", DELTA, 3], ["screen", DELTA, 3], ["audio", DELTA, 1], ["audio", Uint8Array.of(8), 1]]) {
    const sealed = await sealer.seal(kind, frame);
    assert.equal(clearBytes(kind, frame), clear);
    assert.deepEqual(sealed.subarray(0, clear), frame.subarray(0, clear));
    assert.equal(sealed.length, frame.length + 16 + 16);
    assert.ok(isSealed(sealed) && !isSealed(frame));
    assert.deepEqual(await opener.open(kind, sealed), frame);
  }
});

test("nothing of the rest can be read, and no two frames are sealed alike", async () => {
  const { sealer } = await pair();
  const [one, other] = [await sealer.seal("video", KEY_FRAME), await sealer.seal("video", KEY_FRAME)];
  assert.notDeepEqual(one, other);
  assert.ok(one.subarray(10, 210).filter((byte) => byte === 7).length < 20);
});

test("a frame is opened once", async () => {
  const { sealer, opener } = await pair();
  const sealed = await sealer.seal("video", DELTA);
  await opener.open("video", sealed);
  await assert.rejects(opener.open("video", sealed), /seen before/);
  const twice = await sealer.seal("video", DELTA);
  const both = await Promise.allSettled([opener.open("video", twice), opener.open("video", twice)]);
  assert.deepEqual(both.map((each) => each.status).sort(), ["fulfilled", "rejected"]);
});

test("frames may overtake each other, but not by more than the window", async () => {
  const { sealer, opener } = await pair();
  const sealed = [];
  for (let at = 0; at < 1100; at += 1) sealed.push(await sealer.seal("audio", DELTA));
  await opener.open("audio", sealed[1099]);
  await opener.open("audio", sealed[80]);
  await assert.rejects(opener.open("audio", sealed[80]), /seen before/);
  await assert.rejects(opener.open("audio", sealed[70]), /seen before/);
  await opener.open("video", await sealer.seal("video", DELTA)); // every stream has a window of its own
});

test("whatever is changed is not opened", async () => {
  const { sealer, opener } = await pair();
  const sealed = await sealer.seal("video", DELTA);
  for (const at of [0, 1, 3, 50, sealed.length - 10]) {
    const changed = sealed.slice();
    changed[at] ^= 4;
    await assert.rejects(opener.open("video", changed), `byte ${at}`);
  }
  await assert.rejects(opener.open("screen", sealed), "a camera is no screen");
  await assert.rejects(opener.open("video", DELTA), /not sealed/);
  await assert.rejects(opener.open("video", new Uint8Array(0)), /not sealed/);
  await opener.open("video", sealed);
});

test("a sealer without a key seals nothing, and a key is never counted anew", async () => {
  const { key, sealer, opener } = await pair();
  await opener.open("audio", await sealer.seal("audio", DELTA));
  sealer.use(1, key);
  await opener.open("audio", await sealer.seal("audio", DELTA)); // would be «seen before»
  sealer.forget();
  await assert.rejects(sealer.seal("audio", DELTA), /no key/);
});

test("the last two epochs are opened, older ones and those before a cut are not", async () => {
  const [one, two, three] = [await pair(1), await pair(2), await pair(3)];
  const opener = new Opener();
  for (const [epoch, { key }] of [[1, one], [2, two], [3, three]]) opener.learn(epoch, key);
  await assert.rejects(opener.open("audio", await one.sealer.seal("audio", DELTA)), /no key/);
  await opener.open("audio", await two.sealer.seal("audio", DELTA));
  opener.forgetBefore(3);
  await assert.rejects(opener.open("audio", await two.sealer.seal("audio", DELTA)), /no key/);
  await opener.open("audio", await three.sealer.seal("audio", DELTA));
});

test("the epoch that is used stays while newer ones come to nothing", async () => {
  const { sealer, opener } = await pair(1);
  await opener.open("audio", await sealer.seal("audio", DELTA));
  for (const epoch of [2, 3, 4]) opener.learn(epoch, await newKey());
  await opener.open("audio", await sealer.seal("audio", DELTA));
});

// ---- people ----

class Storage {
  #kept = new Map();
  getItem = (name) => this.#kept.get(name) ?? null;
  setItem = (name, value) => this.#kept.set(name, value);
}

// A server that passes on what is said, in order, to the others who are in.
class Room {
  people = new Map();
  said = [];
  #waiting = new Set();
  change = (from, to, message) => message;

  async enter(seat, storage = new Storage(), epoch = 0, identity = null) {
    identity ??= await Identity.of(storage, "session");
    const person = { seat, storage, identity, keys: {}, sending: null, sent: [] };
    person.agreement = new Agreement({
      session: "s",
      seat,
      identity,
      epoch,
      send: (message) => this.pass(seat, message),
      onKey: (from, epoch, key) => (person.keys[from] = { ...person.keys[from], [epoch]: key }),
      onSend: (epoch, key) => {
        person.sending = { epoch, key };
        person.sent.push(key);
      },
      onSilence: () => (person.sending = null),
      onChange() {},
    });
    this.people.set(seat, person);
    return person;
  }

  pass(from, message) {
    this.said.push({ from, ...message });
    for (const [seat, person] of this.people) {
      const passed = seat !== from && this.change(from, seat, structuredClone(message));
      if (passed) this.#wait(person.agreement.take(from, passed));
    }
    return true;
  }

  #wait(step) {
    this.#waiting.add(step);
    step.then(() => this.#waiting.delete(step));
  }

  // Nobody has anything left to do.
  async settled() {
    while (this.#waiting.size) await Promise.all(this.#waiting);
  }

  async meet(...seats) {
    await Promise.all(seats.map((seat) => this.people.get(seat).agreement.meet(seats, [])));
    await this.settled();
  }

  codes = (...seats) => seats.map((seat) => this.people.get(seat).agreement.code);
}

async function hears(from, to, kind = "video") {
  const [sealer, opener] = [new Sealer(), new Opener()];
  sealer.use(from.sending.epoch, from.sending.key);
  for (const [epoch, key] of Object.entries(to.keys[from.seat] ?? {})) opener.learn(Number(epoch), key);
  return opener.open(kind, await sealer.seal(kind, DELTA)).then(() => true, () => false);
}

async function roomOf(...seats) {
  const room = new Room();
  for (const seat of seats) await room.enter(seat);
  await room.meet(...seats);
  return room;
}

for (const seats of [["seeker", "supporter"], ["a", "b", "c"], ["a", "b", "c", "d"]]) {
  test(`${seats.length} people have one code, and everybody opens what everybody sends`, async (context) => {
    context.after(() => room.people.forEach((person) => person.agreement.stop()));
    const room = await roomOf(...seats);
    const [code, ...others] = room.codes(...seats);
    assert.match(code, /^\d{6}$/);
    for (const other of others) assert.equal(other, code);
    for (const from of room.people.values()) for (const to of room.people.values()) if (from !== to) assert.ok(await hears(from, to));
    assert.equal(new Set([...room.people.values()].map((person) => person.sending.epoch)).size, 1);
  });
}

test("the server sees no key, and every reveal follows everybody's commit", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b", "c");
  const steps = room.said.map((each) => each.step);
  assert.ok(steps.indexOf("reveal") > steps.lastIndexOf("commit"));
  assert.ok(steps.indexOf("keys") > steps.lastIndexOf("reveal"));
  const allowed = { commit: ["identity", "commitment", "remembers"], reveal: ["nonce"], keys: ["keys"], ready: [] };
  for (const { from, step, epoch, ...more } of room.said) assert.deepEqual(Object.keys(more), allowed[step], `${from} ${epoch}`);
  for (const message of room.said) assert.ok(JSON.stringify(message).length < 900);
});

test("a reload keeps the code and brings new keys", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  const [code] = room.codes("a");
  const before = { ...room.people.get("a").sending, b: room.people.get("b").sending };
  room.people.get("b").agreement.stop();
  await room.enter("b", room.people.get("b").storage);
  await room.meet("a", "b");
  assert.deepEqual(room.codes("a", "b"), [code, code]);
  const [a, b] = ["a", "b"].map((seat) => room.people.get(seat));
  assert.ok(a.sending.epoch > before.epoch && a.sending.key !== before.key && b.sending.key !== before.b.key);
  assert.ok((await hears(a, b)) && (await hears(b, a)));
});

test("who goes and comes back goes on with later epochs", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  const { epoch } = room.people.get("a").agreement;
  for (const seat of ["a", "b"]) {
    const { storage, agreement } = room.people.get(seat);
    agreement.stop();
    await room.enter(seat, storage, agreement.epoch);
  }
  await room.meet("a", "b");
  const [a, b] = ["a", "b"].map((seat) => room.people.get(seat));
  assert.ok(a.sending.epoch > epoch && (await hears(a, b)) && (await hears(b, a)));
});

test("another tab is another person: the code changes", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  const [code] = room.codes("a");
  room.people.get("b").agreement.stop();
  await room.enter("b");
  await room.meet("a", "b");
  const [one, other] = room.codes("a", "b");
  assert.equal(one, other);
  assert.notEqual(one, code);
});

test("who joins cannot open what was said before, and who has left not what comes after", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  const [pairCode] = room.codes("a");
  const early = { ...room.people.get("a"), sending: room.people.get("a").sending };
  const c = await room.enter("c");
  await room.meet("a", "b", "c");
  const codes = room.codes("a", "b", "c");
  assert.equal(new Set(codes).size, 1);
  assert.notEqual(codes[0], pairCode);
  assert.ok(!(await hears(early, c)) && (await hears(room.people.get("a"), c)));
  c.agreement.stop();
  room.people.delete("c");
  await room.meet("a", "b");
  assert.ok(!(await hears(room.people.get("a"), c)));
  assert.ok(await hears(room.people.get("a"), room.people.get("b")));
  assert.deepEqual(room.codes("a", "b"), [pairCode, pairCode]); // the same two as before
});

test("who is only cut off stays, and finds everybody again after the return", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  const [a, b] = ["a", "b"].map((seat) => room.people.get(seat));
  const { key } = a.sending;
  await a.agreement.meet(["a"], ["b"]);
  await room.settled();
  assert.equal(a.sending.key, key);
  const [code] = room.codes("a");
  await a.agreement.meet(["a", "b"], []);
  await b.agreement.renew(); // its socket is back
  await room.settled();
  assert.deepEqual(room.codes("a", "b"), [code, code]);
  assert.ok((await hears(a, b)) && (await hears(b, a)));
});

test("a server that puts its own keys in between gets two codes that differ", async (context) => {
  const people = [];
  context.after(() => people.forEach((person) => person.agreement.stop()));
  const [ofA, ofB] = [new Room(), new Room()];
  const a = await ofA.enter("a");
  const b = await ofB.enter("b");
  const [fakeB, fakeA] = [await ofA.enter("b"), await ofB.enter("a")];
  people.push(a, b, fakeA, fakeB);
  await ofA.meet("a", "b");
  await ofB.meet("a", "b");
  assert.ok(await hears(a, fakeB), "in between everything can be opened");
  assert.notEqual(a.agreement.code, b.agreement.code);
});

test("a key that is swapped on its way is noticed by everybody", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = new Room();
  const stranger = await Identity.of(new Storage(), "x");
  room.change = (from, to, message) => (message.step === "commit" && from === "a" ? { ...message, identity: btoa(String.fromCharCode(...stranger.public)) } : message);
  const warn = context.mock.method(console, "warn", () => {});
  await room.enter("a");
  await room.enter("b");
  await room.meet("a", "b");
  assert.deepEqual(room.codes("b"), [null]);
  assert.ok(warn.mock.callCount() > 0);
});

test("who aborts after each reveal does not get to guess for long", async (context) => {
  context.after(() => a.agreement.stop());
  const room = new Room();
  const a = await room.enter("a");
  await a.agreement.meet(["a", "b"], []);
  const identity = btoa(String.fromCharCode(...(await Identity.of(new Storage(), "x")).public));
  for (let epoch = 1; epoch < 60; epoch += 1) {
    const commitment = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
    await a.agreement.take("b", { step: "commit", epoch, identity, commitment });
  }
  assert.equal(room.said.filter((each) => each.step === "reveal").length, 30);
});

// A server in the place of b, towards a: it speaks first, and sees a's nonce before it has to say its own.
class Impostor {
  constructor(a, identity) {
    Object.assign(this, { a, identity, last: null });
  }

  // What the code would be made of, and what a said; undefined when a reveals nothing.
  async commit(epoch, remembers) {
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    const commitment = await digest("madoguchi e2ee 1", "commit", "s", String(epoch), "b", this.identity.public, nonce);
    await this.a.agreement.take("b", { step: "commit", epoch, identity: base64(this.identity.public), commitment: base64(commitment), remembers });
    const reveal = this.a.said.findLast((each) => each.step === "reveal" && each.epoch === epoch);
    if (!reveal) return undefined;
    this.reveal = { step: "reveal", epoch, nonce: base64(nonce) };
    const [mine, theirs] = [this.a.identity.public, fromBase64(reveal.nonce, 32)];
    return digest("madoguchi e2ee 1", "transcript", "s", String(epoch), "a", mine, theirs, "b", this.identity.public, nonce);
  }
}

async function attacked() {
  const room = new Room();
  const a = await room.enter("a");
  a.said = room.said;
  await a.agreement.meet(["a", "b"], []);
  return { a, room, impostor: new Impostor(a, await Identity.of(new Storage(), "x")) };
}

test("whether there is a new code is settled before anybody sees what it would be", async (context) => {
  context.after(() => a.agreement.stop());
  const { a, room, impostor } = await attacked();
  const first = await impostor.commit(1, []);
  await a.agreement.take("b", impostor.reveal);
  for (let epoch = 2; epoch < 50; epoch += 1) {
    const other = await impostor.commit(epoch, [base64(first)]);
    assert.notDeepEqual(other, first);
    // It likes this one better: too late.
    await a.agreement.take("b", { ...impostor.reveal, remembers: null });
    assert.deepEqual(a.identity.codes, [base64(first)]);
  }
  for (let epoch = 50; epoch < 90; epoch += 1) {
    if (await impostor.commit(epoch, [])) await a.agreement.take("b", impostor.reveal);
  }
  const ofNew = room.said.filter(({ step, epoch }) => step === "reveal" && epoch >= 50);
  assert.equal(ofNew.length, 29, "thirty new codes of a page, the first one among them");
  assert.ok(await impostor.commit(90, a.identity.codes), "who is remembered is still agreed with");
});

test("a page that begins anew with everybody has no more new codes for it", async (context) => {
  context.after(() => person.agreement.stop());
  const { a, room } = await attacked();
  let [person, reveals] = [a, 0];
  for (let time = 0; time < 8; time += 1) {
    const { epoch } = person.agreement;
    for (let at = epoch + 1; at < epoch + 9; at += 1) {
      const stranger = new Impostor(person, await Identity.of(new Storage(), "x"));
      if (await stranger.commit(at, [])) reveals += 1;
    }
    person.agreement.stop();
    const { identity } = person;
    person = await room.enter("a", person.storage, person.agreement.epoch, identity);
    person.said = room.said;
    await person.agreement.meet(["a", "b"], []);
  }
  assert.equal(reveals, 30);
  assert.equal(person.identity.codes.length, 0);
});

test("four codes are remembered, so that a new one can be like few", async () => {
  const storage = new Storage();
  const identity = await Identity.of(storage, "x");
  for (let group = 0; group < 9; group += 1) identity.remember(Uint8Array.of(group), `source ${group}`);
  assert.deepEqual(identity.codes, [5, 6, 7, 8].map((group) => `source ${group}`));
  assert.deepEqual((await Identity.of(storage, "x")).codes, identity.codes);
});

test("who has gone does not hear on where no new key can be agreed on", async (context) => {
  const room = new Room();
  for (const seat of ["a", "b", "c"]) await room.enter(seat);
  await room.meet("a", "b", "c");
  context.mock.timers.enable({ apis: ["setTimeout"] });
  room.change = () => null; // whoever passes the steps on does so no more
  for (const [seat, there, kept] of [["a", ["a", "b"], []], ["b", ["a", "b"], ["c"]]]) {
    const person = room.people.get(seat);
    const { key } = person.sending;
    await person.agreement.meet(there, kept);
    context.mock.timers.tick(5900);
    assert.equal(person.sending.key, key, "it may take a moment");
    context.mock.timers.tick(200);
    assert.equal(person.sending?.key ?? null, seat === "a" ? null : key, "a line that is lost is another matter");
    person.agreement.stop();
  }
  room.people.get("c").agreement.stop();
});

test("a key that comes in time lets nobody fall silent", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b", "c");
  context.mock.timers.enable({ apis: ["setTimeout"] });
  room.people.get("c").agreement.stop();
  room.people.delete("c");
  await room.meet("a", "b");
  context.mock.timers.tick(60_000);
  const [a, b] = ["a", "b"].map((seat) => room.people.get(seat));
  assert.ok((await hears(a, b)) && (await hears(b, a)));
  assert.deepEqual(a.agreement.people, ["a", "b"]);
});

test("who has stopped says and learns nothing more, whatever was under way", async () => {
  const room = new Room();
  const a = await room.enter("a");
  const b = await room.enter("b");
  const met = Promise.all([a.agreement.meet(["a", "b"], []), b.agreement.meet(["a", "b"], [])]);
  while (!room.said.some((each) => each.step === "reveal")) await new Promise(setImmediate);
  a.agreement.stop();
  const count = room.said.filter((each) => each.from === "a").length;
  await met;
  await room.settled();
  assert.equal(room.said.filter((each) => each.from === "a").length, count);
  assert.deepEqual([a.agreement.code, a.sending], [null, null]);
  b.agreement.stop();
});

test("nonsense is dropped, and a page with one's own key is not believed", async (context) => {
  context.after(() => room.people.forEach((person) => person.agreement.stop()));
  const room = await roomOf("a", "b");
  context.mock.method(console, "warn", () => {});
  const { agreement, identity } = room.people.get("a");
  const { epoch, code } = agreement;
  const mine = btoa(String.fromCharCode(...identity.public));
  const nonsense = [{}, { step: "commit" }, { step: "commit", epoch: 9, identity: "%", commitment: "" }, { step: "keys", epoch, keys: null }, { step: "reveal", epoch, nonce: 4 }, { step: "commit", epoch: 99, identity: mine, commitment: mine }, { step: "commit", epoch: 1e300 }, { step: "commit", epoch: -1 }, { step: "ready", epoch: "1" }];
  for (const message of nonsense) await agreement.take("b", message);
  assert.deepEqual([agreement.epoch, agreement.code], [epoch, code]);
});

test("storage that is closed costs the remembering, not the call", async () => {
  const closed = { getItem: () => { throw new Error("closed"); }, setItem: () => { throw new Error("closed"); } };
  const one = await Identity.of(closed, "s");
  const other = await Identity.of({ getItem: () => '{"jwk":{"kty":"OKP"},"codes":7}', setItem() {} }, "s");
  assert.equal((await one.shared(other.public)).byteLength, 32);
  await assert.rejects(one.shared(new Uint8Array(32)), "no key of anybody");
});

// ---- what the page says and does ----

// A browser as far as it matters here; its worker notes what it is told.
async function browser(context) {
  const told = [];
  class Worker {
    postMessage = (message) => told.push(message);
  }
  const parts = { RTCRtpScriptTransform: class {}, Worker, window: { crypto }, sessionStorage: new Storage() };
  Object.assign(globalThis, parts);
  context.after(() => Object.keys(parts).forEach((name) => delete globalThis[name]));
  const { Encryption } = await import(new URL("encryption.js", JS));
  const [done, sent] = [[], []];
  const encryption = new Encryption({ send: (text) => sent.push(JSON.parse(text)), renewMedia() {}, rebuild: () => done.push("rebuilt") && encryption.detach(), onChange() {} });
  await encryption.prepare();
  context.after(() => encryption.meet({ wanted: "off", isIn: false }));
  return { encryption, told, done, sent };
}

const there = { session: "s", seat: "a", there: ["a", "b"], kept: [], cannot: false, isIn: true };

test("a connection that was made for a call in the clear is never said to be encrypted", async (context) => {
  const { encryption, done } = await browser(context);
  encryption.meet({ ...there, wanted: "off" });
  const [sender, receiver] = [{}, {}];
  encryption.attach({ sender, receiver }, "video");
  assert.deepEqual([encryption.state, sender.transform, done], ["off", undefined, []]);
  encryption.meet({ ...there, wanted: "preferred" });
  assert.deepEqual(done, ["rebuilt"]);
  const next = [{}, {}];
  encryption.attach({ sender: next[0], receiver: next[1] }, "video");
  assert.ok(next.every((end) => end.transform));
  encryption.meet({ ...there, wanted: "preferred" });
  assert.deepEqual(done, ["rebuilt"]);
});

test("encryption that was wanted does not go away without a word", async (context) => {
  const { encryption, told } = await browser(context);
  encryption.meet({ ...there, wanted: "required" });
  encryption.meet({ ...there, wanted: "required", cannot: true });
  assert.ok(encryption.isSealing);
  encryption.meet({ ...there, wanted: "off" });
  assert.equal(encryption.state, "plain");
  assert.deepEqual(told.at(-1), { type: "mode", plain: true });
});

test("whose line was lost keeps the keys until back in, and only then begins a new epoch", async (context) => {
  const { encryption, told, sent } = await browser(context);
  const own = { ...there, wanted: "required" };
  const epochs = async () => {
    for (let turn = 0; turn < 20; turn += 1) await crypto.subtle.digest("SHA-256", new Uint8Array(1)); // what is begun is said by then
    return sent.filter(({ step }) => step === "commit").map(({ epoch }) => epoch);
  };
  encryption.meet(own);
  assert.deepEqual(await epochs(), [1]);
  encryption.meet({ ...own, there: ["b"], isIn: false, isLost: true });
  encryption.resume();
  assert.deepEqual(await epochs(), [1]);
  assert.ok(told.every(({ type }) => type !== "reset"));
  encryption.meet(own);
  encryption.meet(own);
  assert.deepEqual(await epochs(), [1, 2]);
  encryption.resume();
  assert.deepEqual(await epochs(), [1, 2, 3]);
  encryption.meet({ ...own, isIn: false });
  assert.equal(told.at(-1).type, "reset");
});

test("who is alone agrees with nobody, and says nothing of it", async (context) => {
  const { encryption } = await browser(context);
  encryption.meet({ ...there, there: ["a"], wanted: "required" });
  assert.equal(encryption.state, "off");
});

// The worker with one stream that comes; said: what it tells the page.
async function receiving(context, kind) {
  const said = [];
  globalThis.self = { postMessage: (message) => said.push(message) };
  context.after(() => delete globalThis.self);
  await import(new URL(`worker.js?${kind}`, JS));
  const [frames, shown] = [new TransformStream(), new TransformStream()];
  self.onrtctransform({ transformer: { options: { id: 1, side: "down", kind }, readable: frames.readable, writable: shown.writable } });
  return { said, writer: frames.writable.getWriter(), reader: shown.readable.getReader() };
}

test("whose screen it is, the key says", async (context) => {
  const { said, writer, reader } = await receiving(context, "screen");
  for (const seat of ["b", "c"]) {
    const { key, sealer } = await pair(1);
    self.onmessage({ data: { type: "open", seat, epoch: 1, key } });
    for (let times = 0; times < 2; times += 1) {
      writer.write({ data: (await sealer.seal("screen", DELTA)).buffer });
      await reader.read();
    }
  }
  assert.deepEqual(said.flatMap((each) => each.sharer ?? []), ["b", "c"]);
  await writer.close();
});

test("a stream stays whose it was said to be first", async (context) => {
  const { writer, reader } = await receiving(context, "video");
  const people = {};
  for (const seat of ["b", "c"]) {
    const { key, sealer } = await pair(1);
    people[seat] = sealer;
    self.onmessage({ data: { type: "open", seat, epoch: 1, key } });
    self.onmessage({ data: { type: "bind", id: 1, seat, kind: "video" } });
  }
  for (const seat of ["c", "b"]) writer.write({ data: (await people[seat].seal("video", seat === "b" ? KEY_FRAME : DELTA)).buffer });
  const { value } = await reader.read();
  assert.deepEqual(new Uint8Array(value.data), KEY_FRAME);
  self.onmessage({ data: { type: "hush" } });
  await writer.close();
});

// ---- the watchdog ----

const { Watchdog } = await import(new URL("watchdog.js", JS));

function watched() {
  const done = [];
  const receiver = { track: { id: "t" } };
  const dog = new Watchdog({ renewKeys: () => done.push("keys"), renewMedia: () => done.push("media"), idOf: () => 1 });
  const look = async (bytesReceived, passed) => {
    const stats = new Map([["x", { type: "inbound-rtp", trackIdentifier: "t", bytesReceived }]]);
    await dog.look({ getStats: async () => stats, getReceivers: () => [receiver] }, () => dog.take([{ id: 1, passed }]));
  };
  return { done, look };
}

test("bytes without frames bring new keys, then a new connection, then patience", async () => {
  const { done, look } = watched();
  for (let at = 0; at < 30; at += 1) {
    await look(at * 50_000, 7);
    if (at === 1) assert.deepEqual(done, []);
    if (at === 2) assert.deepEqual(done, ["keys"]);
    if (at === 4) assert.deepEqual(done, ["keys", "media"]);
  }
  assert.deepEqual(done, ["keys", "media", "keys", "media"]);
});

test("silence, frames that pass, and keys that fit again are no reason", async () => {
  const { done, look } = watched();
  for (let at = 0; at < 6; at += 1) await look(1000 + at * 100, 0);
  for (let at = 0; at < 6; at += 1) await look(50_000 * at, at);
  await look(400_000, 5);
  await look(450_000, 9);
  await look(500_000, 9);
  assert.deepEqual(done, []);
});
