// The encryption from end to end of this page's media: what is wanted, what is so, and the worker that does it.

import { Agreement } from "./agreement.js";
import { Identity } from "./identity.js";
import { Watchdog } from "./watchdog.js";

const KEPT_MS = 5000; // frames of the epoch before may still be on their way
const NAME = "madoguchi.e2ee";

export class Encryption {
  // off: not wanted, or nobody to talk to; plain: somebody's browser cannot, the room goes without;
  // agreeing: nothing passes that is not sealed, and the keys are not all here; on: all of it is
  state = "off";
  isWanted = false;
  sharer = null; // seat whose key opened what came last of a shared screen
  #identity = null;
  #worker = null;
  #agreement = null;
  #ids = new WeakMap(); // sender or receiver: id of its pipe
  #starting = new Set();
  #proofs = new Map(); // id: what to do when the first frame has come through
  #hasKey = false;
  #epoch = 0;
  #isPlain = false;
  #isBare = false; // the media connection was made while encryption was not wanted
  #lastId = 0;
  #isIn = false;
  #isOwed = false; // our line was cut, and new keys wait until we are in again
  #watchdog;

  // send(text): true if it left; renewMedia(); rebuild(): close the media connection at once and wish for another;
  // onChange()
  constructor({ send, renewMedia, rebuild, onChange }) {
    Object.assign(this, { send, rebuild, onChange });
    this.#watchdog = new Watchdog({ renewKeys: () => this.#agreement?.renew(), renewMedia, idOf: (receiver) => this.#ids.get(receiver) });
  }

  // Whether this browser can. Asked before the first word to the server, which wants to know.
  async prepare() {
    if (typeof RTCRtpScriptTransform !== "function" || !window.crypto?.subtle) return;
    this.#identity = await Identity.of(storage(), NAME).catch(() => null); // X25519 is not known here
    if (!this.#identity) return;
    this.#worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = (error) => console.warn("the encryption stands still", error.message);
  }

  get isAble() {
    return this.#worker !== null;
  }

  get code() {
    return this.state === "on" ? this.#agreement.code : null;
  }

  // Seats that the code is of; the page's own count, whoever is said to be there.
  get people() {
    return this.state === "on" ? this.#agreement.people : [];
  }

  // What this page sends is nothing without the keys.
  get isSealing() {
    return this.isWanted && this.isAble && !this.#isPlain;
  }

  // ---- the media connection ----

  // In the task that made it: Chromium ignores a transform that comes to a receiver later (w3c/webrtc-encoded-transform#314).
  attach({ sender, receiver }, kind) {
    if (!this.isWanted || !this.isAble) {
      this.#isBare = true;
      return;
    }
    this.#pipe(sender, "up", kind);
    this.#pipe(receiver, "down", kind);
  }

  // Now it is known whose stream it is.
  bind(transceiver, seat, kind) {
    this.attach(transceiver, kind);
    const id = this.#ids.get(transceiver.receiver);
    if (id !== undefined) this.#say("bind", { id, seat, kind });
  }

  // Tells when what comes is shown to come through here: a transform that the browser has forgotten stops nothing.
  proven(receiver) {
    const id = this.#ids.get(receiver);
    return id === undefined ? Promise.resolve() : new Promise((resolve) => this.#proofs.set(id, resolve));
  }

  #pipe(end, side, kind) {
    if (this.#ids.has(end)) return;
    const id = (this.#lastId += 1);
    this.#ids.set(end, id);
    end.transform = new RTCRtpScriptTransform(this.#worker, { id, side, kind });
    this.#starting.add(id);
  }

  // Another connection, or none: what has not started there never will.
  detach() {
    this.#isBare = false;
    this.#starting.clear();
    this.#proofs.clear();
  }

  watch(pc) {
    if (this.isSealing && this.#agreement) this.#watchdog.look(pc, () => this.#say("count"));
  }

  // ---- the people ----

  // wanted: of the programme; session, seat: ids; there, kept: seats that are in, and whose line is lost; cannot: whether
  // somebody's browser cannot; isIn: whether this person is; isLost: whose line was lost until now, and who is in in a moment
  meet({ wanted, session, seat, there, kept, cannot, isIn, isLost = false }) {
    this.#isIn = isIn;
    this.isWanted ||= wanted !== "off"; // what has been wanted does not go away without a word
    if (this.isWanted && this.isAble && this.#isBare) this.rebuild(); // clear frames would leave beside the encryption
    if (!isIn && isLost && this.#agreement) return undefined; // the others have kept the keys too: the picture is back at once
    if (!this.isWanted || !this.isAble || !isIn) {
      this.#stop();
      return this.#settle(isIn && this.isWanted && !this.isAble ? "plain" : "off");
    }
    this.#goWithout(wanted === "off" || (wanted === "preferred" && cannot));
    if (this.#isPlain) return this.#settle("plain");
    this.#agreement ??= this.#agree(session, seat);
    this.#agreement.meet(there, kept);
    if (this.#isOwed) this.#agreement.renew();
    this.#isOwed = false;
    return this.#look();
  }

  take(seat, text) {
    if (!this.#agreement) return;
    try {
      this.#agreement.take(seat, JSON.parse(text));
    } catch (error) {
      console.warn("a key that is none", error);
    }
  }

  // Our line was cut: others may have gone on without us.
  resume() {
    if (this.#isIn) this.#agreement?.renew();
    else this.#isOwed = this.#agreement !== null;
  }

  #agree(session, seat) {
    return new Agreement({
      session,
      seat,
      identity: this.#identity,
      epoch: this.#epoch,
      send: (message) => this.send(JSON.stringify(message)),
      onKey: (from, epoch, key) => this.#say("open", { seat: from, epoch, key }),
      onSend: (epoch, key) => {
        this.#hasKey = true;
        this.#say("seal", { epoch, key });
        setTimeout(() => this.#say("forget", { before: epoch }), KEPT_MS);
      },
      onSilence: () => {
        this.#hasKey = false;
        this.#say("hush");
      },
      onChange: () => this.#look(),
    });
  }

  #goWithout(isPlain) {
    if (isPlain === this.#isPlain) return;
    this.#stop();
    this.#isPlain = isPlain;
    this.#say("mode", { plain: isPlain });
  }

  // What was agreed on does not hold any more: nothing passes until there are new keys.
  #stop() {
    if (!this.#agreement) return;
    this.#agreement.stop();
    this.#epoch = this.#agreement.epoch; // its number is never used again
    this.#agreement = null;
    this.#hasKey = this.#isOwed = false;
    this.#say("reset");
  }

  #look() {
    const isOn = this.#agreement?.isAgreed && this.#hasKey && !this.#starting.size;
    if (this.#agreement) this.#settle(isOn ? "on" : this.#agreement.people.length > 1 ? "agreeing" : "off");
  }

  #settle(state) {
    if (state === this.state) return;
    this.state = state;
    this.onChange();
  }

  #say(type, more = {}) {
    this.#worker.postMessage({ type, ...more });
  }

  #hear({ started, passes, counts, sharer }) {
    if (sharer) {
      this.sharer = sharer;
      this.onChange();
    }
    if (counts) this.#watchdog.take(counts);
    this.#proofs.get(passes)?.();
    if (this.#starting.delete(started)) this.#look();
  }
}

function storage() {
  try {
    return sessionStorage;
  } catch {
    return null; // closed: the identity lasts as long as the page
  }
}
