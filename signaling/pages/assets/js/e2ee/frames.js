// One encoded frame, sealed and opened (docs/protocol.md, End-to-end encryption). Pure but for WebCrypto.
//
//   clear bytes | AES-256-GCM of the rest | tag 16 | epoch 4 | counter 8 | mark 4
//
// Epoch and counter are the IV: a key belongs to one sender and one epoch, and counts its frames. The clear bytes are what
// packetisers, the forwarder and jitter buffers look at; they are authenticated, and so is what kind of stream it is.

const MARK = 0x4d674501; // «this frame is sealed»: a page that goes without still recognises one
const TRAILER = 16;
const TAG = 16;
const WINDOW = 1024; // frames of one stream that may be overtaken: ten seconds of sound and picture together
const EPOCHS_KEPT = 2;
const KINDS = { audio: 1, video: 2, screen: 3 };

// VP8: 10 bytes of a key frame are its header with the size, 3 of any other one; the first bit says which (RFC 6386, 9.1).
export function clearBytes(kind, data) {
  const wanted = kind === "audio" ? 1 : data[0] & 1 ? 3 : 10;
  return Math.min(wanted, data.length);
}

export function isSealed(data) {
  return data.length >= TRAILER + TAG && viewOf(data).getUint32(data.length - 4) === MARK;
}

const viewOf = (data) => new DataView(data.buffer, data.byteOffset, data.byteLength);

const associated = (kind, clear) => Uint8Array.of(KINDS[kind], ...clear);

// Seals what one person sends.
export class Sealer {
  #key = null;
  #epoch = 0;
  #next = 0;

  get isReady() {
    return this.#key !== null;
  }

  // A key is never given twice: its counter would begin anew.
  use(epoch, key) {
    if (key === this.#key) return;
    this.#key = key;
    this.#epoch = epoch;
    this.#next = 0;
  }

  forget() {
    this.#key = null;
  }

  async seal(kind, data) {
    if (!this.#key) throw new Error("no key to seal with");
    const clear = data.subarray(0, clearBytes(kind, data));
    const trailer = new Uint8Array(TRAILER);
    const view = viewOf(trailer);
    view.setUint32(0, this.#epoch);
    view.setBigUint64(4, BigInt(this.#next++));
    view.setUint32(12, MARK);
    const algorithm = { name: "AES-GCM", iv: trailer.slice(0, 12), additionalData: associated(kind, clear) };
    const secret = new Uint8Array(await crypto.subtle.encrypt(algorithm, this.#key, data.subarray(clear.length)));
    const sealed = new Uint8Array(clear.length + secret.length + TRAILER);
    sealed.set(clear);
    sealed.set(secret, clear.length);
    sealed.set(trailer, clear.length + secret.length);
    return sealed;
  }
}

// Opens what one other person sends; each frame once.
export class Opener {
  #keys = new Map(); // epoch: {key, seen of each kind}
  #inUse = null; // epoch of the last frame: it stays while newer ones come to nothing

  learn(epoch, key) {
    this.#keys.delete(epoch);
    this.#keys.set(epoch, { key, seen: {} });
    const others = [...this.#keys.keys()].filter((each) => each !== this.#inUse);
    for (const old of others.slice(0, -EPOCHS_KEPT)) this.#keys.delete(old);
  }

  // Older epochs do not count any more: who has left knows their keys.
  forgetBefore(epoch) {
    for (const each of [...this.#keys.keys()]) if (each < epoch) this.#keys.delete(each);
  }

  // Throws when the frame is not sealed, of an unknown epoch, a repetition, or not authentic.
  async open(kind, data) {
    if (!isSealed(data)) throw new Error("not sealed");
    const end = data.length - TRAILER;
    const view = viewOf(data);
    const epoch = view.getUint32(end);
    const known = this.#keys.get(epoch);
    if (!known) throw new Error("no key of that epoch");
    const counter = Number(view.getBigUint64(end + 4));
    const seen = (known.seen[kind] ??= new Seen());
    if (!seen.isNew(counter)) throw new Error("seen before");
    const clear = data.subarray(0, clearBytes(kind, data.subarray(0, end)));
    const algorithm = { name: "AES-GCM", iv: data.slice(end, end + 12), additionalData: associated(kind, clear) };
    const secret = new Uint8Array(await crypto.subtle.decrypt(algorithm, known.key, data.subarray(clear.length, end)));
    if (!seen.note(counter)) throw new Error("seen before"); // while it was being opened
    this.#inUse = epoch;
    const opened = new Uint8Array(clear.length + secret.length);
    opened.set(clear);
    opened.set(secret, clear.length);
    return opened;
  }
}

// The counters of one stream that were opened lately.
class Seen {
  #highest = -1;
  #at = new Float64Array(WINDOW).fill(-1);

  isNew(counter) {
    return counter > this.#highest - WINDOW && this.#at[counter % WINDOW] !== counter;
  }

  note(counter) {
    if (!this.isNew(counter)) return false;
    this.#highest = Math.max(this.#highest, counter);
    this.#at[counter % WINDOW] = counter;
    return true;
  }
}
