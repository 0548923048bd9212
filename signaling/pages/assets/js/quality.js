// The connection in one word: good, unstable, lost; from what the browser counted in the last two seconds.

const EVERY_MS = 2000;
const UNSTABLE_LOSS = 0.03; // above it speech begins to break up
const UNSTABLE_RTT_S = 0.4; // above it people begin to talk over each other (ITU-T G.114 gives 400 ms as the limit)

export class Quality {
  word = "unknown";
  #before = null;

  // peer: the Peer; isOnline(): whether the socket is up; onChange(word)
  constructor({ peer, isOnline, onChange }) {
    Object.assign(this, { peer, isOnline, onChange });
    setInterval(() => this.#measure(), EVERY_MS);
  }

  async #measure() {
    const pc = this.peer.pc;
    const word = pc ? await this.#judge(pc) : "unknown";
    if (word === this.word) return;
    this.word = word;
    this.onChange(word);
  }

  async #judge(pc) {
    if (!this.peer.isAlive) return ["new", "checking"].includes(pc.iceConnectionState) ? "unknown" : "lost";
    const sum = { pc, received: 0, lost: 0, rtt: 0 };
    for (const stat of (await pc.getStats()).values()) {
      if (stat.type === "inbound-rtp") {
        sum.received += stat.packetsReceived ?? 0;
        sum.lost += stat.packetsLost ?? 0;
      } else if (stat.type === "candidate-pair" && stat.nominated) {
        sum.rtt = stat.currentRoundTripTime ?? sum.rtt;
      }
    }
    const isFirst = this.#before?.pc !== pc;
    const before = isFirst ? sum : this.#before;
    this.#before = sum;
    // Nothing comes and the server is silent too: ICE notices seconds later.
    if (!isFirst && sum.received === before.received && !this.isOnline()) return "lost";
    const lost = Math.max(0, sum.lost - before.lost);
    const share = lost / Math.max(1, lost + sum.received - before.received);
    return share > UNSTABLE_LOSS || sum.rtt > UNSTABLE_RTT_S ? "unstable" : "good";
  }
}
