// Bytes come and no frame can be opened: the keys do not fit, or the browser has forgotten the transform. New keys are the
// gentler remedy and come first; then a new connection.

const DOUBTFUL = 2; // looks in a row
const HOPELESS = 4;
const REST = 10; // looks after a new connection, for it takes its time
const BYTES = 3000; // more than reports and probes bring between two looks

export class Watchdog {
  #before = new Map(); // id: {bytes, passed}
  #bytes = new Map();
  #bad = 0;
  #rest = 0;

  // renewKeys(); renewMedia(); idOf(receiver): id of its pipe, undefined without one
  constructor({ renewKeys, renewMedia, idOf }) {
    Object.assign(this, { renewKeys, renewMedia, idOf });
  }

  // count(): asks the worker; its answer comes to take()
  async look(pc, count) {
    const received = new Map();
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === "inbound-rtp") received.set(stat.trackIdentifier, stat.bytesReceived ?? 0);
    }
    this.#bytes.clear();
    for (const receiver of pc.getReceivers()) {
      const id = this.idOf(receiver);
      if (id !== undefined && received.has(receiver.track.id)) this.#bytes.set(id, received.get(receiver.track.id));
    }
    count();
  }

  take(counts) {
    let isBad = false;
    const now = new Map();
    for (const { id, passed } of counts) {
      if (!this.#bytes.has(id)) continue;
      now.set(id, { bytes: this.#bytes.get(id), passed });
      const before = this.#before.get(id);
      isBad ||= before !== undefined && now.get(id).bytes - before.bytes > BYTES && passed === before.passed;
    }
    this.#before = now;
    if (this.#rest > 0) {
      this.#rest -= 1;
      return;
    }
    this.#bad = isBad ? this.#bad + 1 : 0;
    if (this.#bad === DOUBTFUL) this.renewKeys();
    if (this.#bad < HOPELESS) return;
    this.#bad = 0;
    this.#rest = REST;
    this.renewMedia();
  }
}
