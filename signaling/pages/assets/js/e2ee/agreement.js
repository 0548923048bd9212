// How the people of a session agree on keys through a server that must not learn them (docs/protocol.md, End-to-end
// encryption). Everybody who is in says the same four things in each epoch, to everybody else:
//
//   commit  my identity, the codes that I remember, and a digest    when somebody came or went, or another one began
//           of a fresh nonce
//   reveal  the nonce                                               once everybody has committed
//   keys    my new sender key, sealed for each of the others        once everybody has revealed
//   ready   I can open what everybody sends                         once I hold everybody's key
//
// Who stands in between must choose before it sees, also whether there is to be a new code, so it has one guess at six
// digits. Steps are taken one after another; what belongs to another epoch is dropped, and an epoch that stalls is
// begun anew by the next number.

import { base64, digest, fromBase64, isEqual, joined } from "./bytes.js";
import { CODES_KEPT } from "./identity.js";

const NAME = "madoguchi e2ee 1";
const STALLED_MS = 4000;
const HASTE_MS = 2000; // a new key is used then at the latest, also when somebody has not said that it has it
const GONE_MS = STALLED_MS + HASTE_MS; // who has gone may hear that much more, while there is no new key
const CODES = 30; // new ones that a page makes: each gives who stands in between another guess
const AES = { name: "AES-GCM", length: 256 };
const LATEST_EPOCH = 2 ** 31;

export class Agreement {
  code = null; // six digits; null while this epoch is not agreed on
  #others = []; // seats that this epoch is agreed on with
  #wanted = []; // seats that are there now
  #work = Promise.resolve();
  #timer = 0;
  #sending = null; // the key that is used for sending
  #hearers = []; // seats that know it
  #farewell = 0; // timer: it is given up, for one of them has gone
  #round = null;
  #isOver = false;

  // session, seat: ids; identity: Identity; epoch: the last one that this page has heard of; send(message): true if it
  // left; onKey(seat, epoch, key): open what that seat sends; onSend(epoch, key): seal with it from now on; onSilence():
  // seal with none; onChange(): code or state changed
  constructor({ session, seat, identity, epoch = 0, send, onKey, onSend, onSilence, onChange }) {
    Object.assign(this, { session, seat, identity, epoch, send, onKey, onSend, onSilence, onChange });
  }

  // Everybody's key is here and ours is out.
  get isAgreed() {
    return this.code !== null;
  }

  // Whom the code is of, oneself included.
  get people() {
    return inOrder([...this.#others, this.seat].map((seat) => [seat])).flat();
  }

  // there: seats that are in and can be reached; kept: seats whose line is lost and who may still hear us
  meet(there, kept) {
    return this.#next(async () => {
      this.#wanted = there.filter((seat) => seat !== this.seat).sort();
      const hasCome = this.#wanted.some((seat) => !this.#others.includes(seat));
      const hasGone = this.#others.some((seat) => !this.#wanted.includes(seat) && !kept.includes(seat));
      if (!hasCome && !hasGone) return;
      if (this.#round && !this.#round.hasRevealed) {
        this.#others = this.#wanted;
        this.#takeLeave();
        await this.#goOn();
      } else await this.#begin(this.epoch + 1);
    });
  }

  // A new epoch for the same people: keys do not fit, or our own line was cut.
  renew() {
    return this.#next(() => this.#wanted.length && this.#begin(this.epoch + 1));
  }

  // Whatever another page says; what is wrong with it is nobody's to repair.
  take(seat, message) {
    return this.#next(() => this.#take(seat, message));
  }

  // For good: a step that is under way is heard by nobody any more.
  stop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#farewell);
    this.#round = this.#sending = this.code = null;
    this.#isOver = true;
    this.send = this.onKey = this.onSend = this.onSilence = this.onChange = () => {};
  }

  #next(step) {
    this.#work = this.#work.then(() => (this.#isOver ? null : step())).catch((error) => console.warn("keys not agreed on", error));
    return this.#work;
  }

  async #begin(epoch, early = new Map()) {
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    this.epoch = epoch;
    this.#others = this.#wanted;
    this.#takeLeave();
    const round = { nonce, commits: early, reveals: new Map(), sealed: new Map(), ready: new Set(), opened: new Set() };
    this.#round = round;
    this.code = null;
    this.onChange();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.renew(), STALLED_MS);
    const commitment = await this.#commitment(this.seat, this.identity.public, nonce);
    round.commit = { identity: base64(this.identity.public), commitment: base64(commitment), remembers: this.identity.codes };
    this.#say("commit", round.commit);
    await this.#goOn();
  }

  // Who has gone knows the key in use. It is given up soon, also when nobody can agree on another one.
  #takeLeave() {
    if (this.#farewell || this.#hearers.every((seat) => this.#wanted.includes(seat))) return;
    this.#farewell = setTimeout(() => {
      this.#sending = null;
      this.#hear([]);
      this.onSilence();
    }, GONE_MS);
  }

  #hear(hearers) {
    clearTimeout(this.#farewell);
    this.#farewell = 0;
    this.#hearers = hearers;
  }

  #say(step, more = {}) {
    return this.send({ step, epoch: this.epoch, ...more });
  }

  async #take(seat, message) {
    const { step, epoch } = message;
    if (seat === this.seat || !Number.isInteger(epoch) || epoch < 1 || epoch > LATEST_EPOCH) return;
    if (step === "commit") await this.#takeCommit(seat, epoch, message);
    if (!this.#round || epoch !== this.epoch) return;
    if (step === "reveal") this.#round.reveals.set(seat, this.#round.reveals.get(seat) ?? revealOf(message));
    if (step === "keys") this.#round.sealed.set(seat, this.#round.sealed.get(seat) ?? String(message.keys?.[this.seat] ?? ""));
    if (step === "ready") this.#round.ready.add(seat);
    await this.#goOn();
  }

  async #takeCommit(seat, epoch, message) {
    const commit = commitOf(message);
    if (isEqual(commit.identity, this.identity.public)) throw new Error("somebody says that they are me");
    if (epoch > this.epoch) return this.#begin(epoch, new Map([[seat, commit]]));
    const known = this.#round?.commits.get(seat);
    if (epoch === this.epoch && this.#round && !known) return void this.#round.commits.set(seat, commit);
    if (known && epoch === this.epoch && isEqual(known.commitment, commit.commitment)) return undefined;
    if (known || !this.#round) return this.#begin(this.epoch + 1); // a page that was loaded anew
    return void this.#say("commit", this.#round.commit); // it has not heard of this epoch
  }

  // Does what is due by what has come; twice is once.
  async #goOn() {
    const round = this.#round;
    if (!round || !this.#others.length || !this.#others.every((seat) => round.commits.has(seat))) return;
    if (!round.hasRevealed) await this.#reveal(round);
    if (!round.hasRevealed) return;
    if (!this.#others.every((seat) => round.reveals.has(seat))) return;
    if (!round.transcript) await this.#seal(round);
    for (const seat of this.#others) if (round.sealed.has(seat) && !round.opened.has(seat)) await this.#open(round, seat);
    if (!this.#others.every((seat) => round.opened.has(seat))) return;
    if (!round.isReady) {
      round.isReady = true;
      this.#say("ready");
      this.code = codeOf(round.source);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#send(round), HASTE_MS);
      this.onChange();
    }
    if (this.#others.every((seat) => round.ready.has(seat))) this.#send(round);
  }

  // The code that everybody remembers for exactly these identities stays; or there is a new one. From here on that is
  // settled, for now the others learn what the new one would be.
  async #reveal(round) {
    const people = this.#others.map((seat) => [seat, round.commits.get(seat).identity]);
    people.push([this.seat, this.identity.public]);
    round.group = await digest(NAME, "group", this.session, ...inOrder(people).flat());
    const mine = this.identity.remembered(round.group);
    round.isKept = mine !== null && this.#others.every((seat) => round.commits.get(seat).remembers.includes(mine));
    if (!round.isKept && this.identity.made >= CODES) return; // the page has to be loaded anew
    if (round.isKept) round.source = fromBase64(mine, 32);
    else this.identity.made += 1;
    round.hasRevealed = true;
    this.#say("reveal", { nonce: base64(round.nonce) });
  }

  async #seal(round) {
    for (const seat of this.#others) {
      const { identity, commitment } = round.commits.get(seat);
      const expected = await this.#commitment(seat, identity, round.reveals.get(seat).nonce);
      if (!isEqual(expected, commitment)) throw new Error(`${seat} reveals something else`);
    }
    const parts = this.#others.map((seat) => [seat, round.commits.get(seat).identity, round.reveals.get(seat).nonce]);
    parts.push([this.seat, this.identity.public, round.nonce]);
    round.transcript = await digest(NAME, "transcript", this.session, String(this.epoch), ...inOrder(parts).flat());
    if (!round.isKept) {
      round.source = round.transcript;
      this.identity.remember(round.group, base64(round.transcript));
    }
    round.key = await crypto.subtle.generateKey(AES, true, ["encrypt", "decrypt"]);
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", round.key));
    const keys = {};
    for (const seat of this.#others) {
      const iv = crypto.getRandomValues(new Uint8Array(12));
      const pair = await this.#pairKey(round, seat, this.seat, seat);
      const secret = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, pair, raw));
      keys[seat] = base64(Uint8Array.of(...iv, ...secret));
    }
    if (!this.#sending) this.#send(round); // nothing that could be heard until then
    this.#say("keys", { keys });
  }

  async #open(round, seat) {
    const sealed = fromBase64(round.sealed.get(seat), 12 + 32 + 16);
    round.sealed.delete(seat);
    const pair = await this.#pairKey(round, seat, seat, this.seat);
    const raw = await crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.slice(0, 12) }, pair, sealed.slice(12));
    this.onKey(seat, this.epoch, await crypto.subtle.importKey("raw", raw, AES, false, ["decrypt"]));
    round.opened.add(seat);
  }

  // What one of two seals for the other with; of this epoch and this direction alone.
  async #pairKey(round, seat, from, to) {
    const secret = await this.identity.shared(round.commits.get(seat).identity);
    const base = await crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveKey"]);
    const how = { name: "HKDF", hash: "SHA-256", salt: round.transcript, info: joined(NAME, "seal", from, to) };
    return crypto.subtle.deriveKey(how, base, AES, false, ["encrypt", "decrypt"]);
  }

  #send(round) {
    if (round !== this.#round || this.#sending === round.key) return;
    this.#sending = round.key;
    this.#hear(this.#others);
    this.onSend(this.epoch, round.key);
    this.onChange();
  }

  #commitment(seat, identity, nonce) {
    return digest(NAME, "commit", this.session, String(this.epoch), seat, identity, nonce);
  }
}

const inOrder = (people) => people.sort(([one], [other]) => (one < other ? -1 : 1));

function commitOf({ identity, commitment, remembers }) {
  const codes = Array.isArray(remembers) ? remembers.slice(0, CODES_KEPT) : [];
  return { identity: fromBase64(identity, 32), commitment: fromBase64(commitment, 32), remembers: codes };
}

const revealOf = ({ nonce }) => ({ nonce: fromBase64(nonce, 32) });

// Six digits of what the code is made of.
function codeOf(source) {
  const number = new DataView(source.buffer, source.byteOffset).getBigUint64(0) % 1_000_000n;
  return String(number).padStart(6, "0");
}
