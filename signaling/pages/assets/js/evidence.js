// What this browser can say of its line and of itself, told to the server so that a loss is laid at the right door
// (docs/protocol.md, Evidence). It decides nothing, shows nothing, and keeps nothing over a reload.

const TICK_MS = 1000;
const REPORT_MS = 5000;
const ASLEEP_MS = 5000; // timers of a page in the background may come once a second, and late
const HIDDEN_MS = 1000; // a page that closes is hidden first; and who only looks something up is not worth a line
const UNDECIDED_MS = 5000; // how long a sleep waits for the sign that it cost the connection
const KEPT = 12;
const KEPT_RTTS = 720; // an hour

export class Evidence {
  #untold = [];
  #tracks = new WeakSet();
  #tickedAt = Date.now();
  #wasVisible = document.visibilityState === "visible";
  #connection = null;
  #offlineAt = navigator.onLine ? null : Date.now();
  #reportedAt = 0;
  #before = null;
  #seen = { rtts: [], missing: null, frozenMs: null, count: 0 };

  // send(message): true if it left; peer, devices: of the page; connection(): id of the one that holds the seat, or
  // null; isIn(): whether this person was let in
  constructor({ send, peer, devices, connection, isIn }) {
    Object.assign(this, { send, peer, devices, connection, isIn });
    window.addEventListener("offline", () => (this.#offlineAt ??= Date.now()));
    window.addEventListener("online", () => this.#online());
    document.addEventListener("visibilitychange", () => this.#look());
    this.#begin();
    setInterval(() => this.#tick(), TICK_MS);
  }

  #begin() {
    const isReload = performance.getEntriesByType("navigation")[0]?.type === "reload";
    if (isReload || document.wasDiscarded) this.#note("page_reloaded", Date.now() - performance.now());
  }

  // began: when, by this machine's clock; ms: how long it lasted, null: no time
  #note(signal, began, ms = null, isDoubtful = false) {
    const noted = { signal, began, ms, isDoubtful, connection: this.#connection, at: Date.now() };
    this.#untold = [...this.#untold, noted].slice(-KEPT);
  }

  #online() {
    if (this.#offlineAt !== null) this.#note("page_offline", this.#offlineAt, Date.now() - this.#offlineAt);
    this.#offlineAt = null;
  }

  #look() {
    if (document.visibilityState !== "hidden") return;
    const began = Date.now();
    setTimeout(() => document.visibilityState === "hidden" && this.#note("page_hidden", began), HIDDEN_MS);
  }

  #tick() {
    const now = Date.now();
    const slept = now - this.#tickedAt;
    // A background page whose timers are slowed down has not slept: it has if it lost its connection over it.
    if (slept > ASLEEP_MS) this.#note("page_asleep", this.#tickedAt, slept, !this.#wasVisible);
    this.#tickedAt = now;
    this.#wasVisible = document.visibilityState === "visible";
    for (const track of this.devices.stream.getTracks()) this.#watch(track);
    this.#tell(now);
    if (now >= this.#reportedAt + REPORT_MS && this.#connection && this.isIn() && this.peer.pc) {
      this.#reportedAt = now;
      this.#report(this.peer.pc);
    }
  }

  // `stop()` of our own fires no event: what comes here is the system's doing, or the person's, outside of this page.
  #watch(track) {
    if (this.#tracks.has(track)) return;
    this.#tracks.add(track);
    track.addEventListener("ended", () => this.#note("device_ended", Date.now()));
    track.addEventListener("mute", () => {
      const began = Date.now();
      setTimeout(() => track.muted && track.readyState === "live" && this.#note("device_silenced", began), TICK_MS);
    });
  }

  #tell(now) {
    this.#connection = this.connection();
    if (!this.#connection) return;
    this.#untold = this.#untold.filter((noted) => {
      if (noted.isDoubtful && noted.connection === this.#connection) return now < noted.at + UNDECIDED_MS;
      const value = noted.ms === null ? null : seconds(noted.ms);
      return !this.send({ type: "observed", signal: noted.signal, value, ago_s: seconds(now - noted.began) });
    });
  }

  async #report(pc) {
    const sum = { pc, received: 0, lost: 0, rtt: null, frozen: null };
    for (const stat of (await pc.getStats()).values()) take(stat, sum);
    const before = this.#before?.pc === pc ? this.#before : sum;
    this.#before = sum;
    const lost = Math.max(0, sum.lost - before.lost);
    const expected = lost + sum.received - before.received;
    const missing = expected > 0 ? share(lost / expected) : null;
    const frozenMs = sum.frozen === null ? null : 1000 * (sum.frozen - (before.frozen ?? 0));
    this.#keep(milliseconds(sum.rtt), missing, frozenMs);
    this.send({ type: "report", missing, rtt_ms: milliseconds(sum.rtt), frozen_s: frozenMs === null ? null : seconds(frozenMs) });
  }

  #keep(rtt, missing, frozenMs) {
    const seen = this.#seen;
    seen.count += 1;
    if (rtt !== null) seen.rtts = [...seen.rtts, rtt].slice(-KEPT_RTTS);
    if (missing !== null) seen.missing = Math.max(seen.missing ?? 0, missing);
    if (frozenMs !== null) seen.frozenMs = (seen.frozenMs ?? 0) + frozenMs;
  }

  // What this page knows of its line while it was in, for who says that something did not work; null: it never was.
  get measured() {
    const { rtts, missing, frozenMs, count } = this.#seen;
    if (!count) return null;
    const middle = rtts.length ? [...rtts].sort((one, two) => one - two)[rtts.length >> 1] : null;
    return { rtt_ms: middle, missing, frozen_s: frozenMs === null ? null : seconds(frozenMs), in_s: seconds(count * REPORT_MS) };
  }
}

function take(stat, sum) {
  if (stat.type === "inbound-rtp") {
    sum.received += stat.packetsReceived ?? 0;
    sum.lost += stat.packetsLost ?? 0;
    if (typeof stat.totalFreezesDuration === "number") sum.frozen = (sum.frozen ?? 0) + stat.totalFreezesDuration;
  } else if (stat.type === "candidate-pair" && stat.nominated) {
    sum.rtt = stat.currentRoundTripTime ?? sum.rtt;
  }
}

const seconds = (ms) => Math.min(86400, Math.max(0, Math.round(ms / 100) / 10));
const share = (value) => (value === null ? null : Math.min(1, Math.max(0, Math.round(value * 1000) / 1000)));
const milliseconds = (s) => (s === null ? null : Math.min(60000, Math.max(0, Math.round(s * 1000))));
