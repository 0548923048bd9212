// Brings a media connection back: says when to wish for another offer, and notices when the wish does not help.
// Only the server can offer, so a wish is all that a page has (docs/protocol.md, Media).

import { watchNetwork } from "./network.js";

const PATIENCE_MS = 300; // what has mended itself by then needs no help; the browser has waited for seconds already
const AGAIN_MS = 1500; // an offer takes a round trip, a new way a few more; a browser learns of its new addresses within two seconds
const WISHES = 6; // what has not helped by then does not help

export class Recovery {
  #timer = 0;
  #hasMoved = false;

  // peer: whose connection; send(message): true if it left; heardAt(): when the server last said anything, which it does
  // at once to a wish; onUnheard(): it did not, the socket is dead too
  constructor({ peer, send, heardAt, onUnheard }) {
    Object.assign(this, { peer, send, heardAt, onUnheard });
    watchNetwork(() => this.move());
  }

  // After each change of the connection's state. Disconnected may mend itself; failed does not.
  look() {
    const { pc, isAlive } = this.peer;
    const state = pc.iceConnectionState;
    if (!isAlive && ["disconnected", "failed"].includes(state)) {
      this.#wait(state === "failed" ? 0 : PATIENCE_MS, () => this.restart());
    } else if (pc.connectionState === "failed") {
      this.send({ type: "renew_media" }); // DTLS is broken: ICE cannot mend it
    }
  }

  // Another network: the way that still looks alive may be the one that is gone.
  move() {
    this.#hasMoved = Boolean(this.peer.pc);
    this.restart();
  }

  // Wishes for an ICE restart where one is due.
  restart() {
    if (this.peer.pc && (!this.peer.isAlive || this.#hasMoved)) this.#wish(1);
  }

  rest() {
    clearTimeout(this.#timer);
    this.#hasMoved = false;
  }

  #wait(ms, then) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(then, ms);
  }

  async #wish(count) {
    clearTimeout(this.#timer);
    const { pc, epoch } = this.peer;
    this.#hasMoved = true; // until something is heard, or the next welcome finds us wishing still
    if (!this.send({ type: "restart_media", media_epoch: epoch })) return;
    this.#hasMoved = false;
    const wishedAt = performance.now();
    const before = await received(pc);
    if (pc === this.peer.pc) this.#wait(AGAIN_MS, () => this.#lookAgain(pc, before, wishedAt, count));
  }

  // A browser calls a dead way alive for seconds: what counts after a wish is whether anything is heard.
  async #lookAgain(pc, before, wishedAt, count) {
    const now = await received(pc);
    if (pc !== this.peer.pc || [...now].some(([way, heard]) => heard > (before.get(way) ?? 0))) return;
    if (this.heardAt() < wishedAt) {
      this.#hasMoved = true; // the welcome wishes anew
      this.onUnheard();
    } else if (count < WISHES) this.#wish(count + 1);
    else this.send({ type: "renew_media" });
  }
}

// What has come in by each way so far: media, and answers to checks.
async function received(pc) {
  const ways = [...(await pc.getStats()).values()].filter((stat) => stat.type === "candidate-pair");
  return new Map(ways.map((way) => [way.id, (way.bytesReceived ?? 0) + (way.responsesReceived ?? 0)]));
}
