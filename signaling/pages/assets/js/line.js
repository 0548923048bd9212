// What a measured line is good for: from what a browser counts to a word. Pure.

// The most that the measurement asks for; a call's camera takes little more.
export const ASKED_BPS = 1_500_000;
export const FULL = 0.8; // of it: more is not known, for more was not asked
const SETTLED_MS = 4000; // a good line is known after this long; one that has not shown all is given longer
const LONG_MS = 6500;
const LONGEST_MS = 9000;
const WINDOW_MS = 3000; // what the figures are of: the search for the rate before it is no longer in them

// From the best to the worst; a line is what the first row says that it keeps in everything. rate: bits a second, the slower
// way; missing: share of packets that went out and did not come back; rtt: ms (people begin to talk over each other at 400).
const WITH_PICTURE = [
  { word: "good", rate: 600_000, missing: 0.03, rtt: 400 },
  { word: "coarse", rate: 200_000, missing: 0.12, rtt: 1000 },
  { word: "sound", rate: 40_000, missing: 0.5, rtt: 5000 },
];
const BY_SOUND = [
  { word: "good", rate: 100_000, missing: 0.06, rtt: 400 },
  { word: "sound", rate: 40_000, missing: 0.5, rtt: 5000 },
];

// figures: {up_bps, down_bps, missing, rtt_ms}; null where nothing came. Returns {word, why}: what keeps it from being better.
export function judge(figures, hasPicture = true) {
  const rows = hasPicture ? WITH_PICTURE : BY_SOUND;
  if (!figures || figures.down_bps === 0) return { word: "none", why: "nothing" };
  const keeps = (row) => faultOf(row, figures) === null;
  const found = rows.find(keeps) ?? { word: "none" };
  return { word: found.word, why: found === rows[0] ? null : faultOf(rows[0], figures) };
}

function faultOf(row, { up_bps: up, down_bps: down, missing, rtt_ms: rtt }) {
  if (missing > row.missing) return "missing";
  if (Math.min(up, down) < row.rate) return "rate";
  return rtt !== null && rtt > row.rtt ? "rtt" : null;
}

// Takes what the connection has counted, twice a second, and says when it is enough.
export class Line {
  #samples = [];

  // report: of getStats(); now: ms
  take(report, now) {
    const sum = { now, sent: 0, came: 0, received: 0, lost: 0, rtt: null, isRelayed: false };
    for (const stat of report.values()) add(stat, sum);
    addWay(report, sum);
    this.#samples.push(sum);
  }

  get #span() {
    return this.#samples.length ? this.#samples.at(-1).now - this.#samples[0].now : 0;
  }

  get isEnough() {
    if (this.#span >= LONGEST_MS) return true;
    const { figures } = this;
    if (this.#span < SETTLED_MS || judge(figures).word !== "good") return false;
    return this.#span >= LONG_MS || Math.min(figures.up_bps, figures.down_bps) > FULL * ASKED_BPS;
  }

  // Of the last seconds; null before there are two samples.
  get figures() {
    const last = this.#samples.at(-1);
    const first = this.#samples.find((one) => one.now >= last.now - WINDOW_MS);
    if (!last || first === last) return null;
    const [lost, received] = [Math.max(0, last.lost - first.lost), last.received - first.received];
    const bps = (name) => Math.max(0, Math.round((8000 * (last[name] - first[name])) / (last.now - first.now)));
    return {
      up_bps: bps("sent"),
      down_bps: bps("came"),
      missing: lost + received > 0 ? lost / (lost + received) : 1,
      rtt_ms: last.rtt === null ? null : Math.round(1000 * last.rtt),
      isRelayed: last.isRelayed,
    };
  }
}

function add(stat, sum) {
  if (stat.type === "outbound-rtp") sum.sent += (stat.bytesSent ?? 0) + (stat.headerBytesSent ?? 0);
  if (stat.type === "inbound-rtp") {
    sum.came += (stat.bytesReceived ?? 0) + (stat.headerBytesReceived ?? 0);
    sum.received += stat.packetsReceived ?? 0;
    sum.lost += stat.packetsLost ?? 0;
  }
  // For browsers that do not say how long their checks take: a report on what came back has gone there and back twice.
  if (stat.type === "remote-inbound-rtp" && stat.roundTripTime !== undefined) sum.rtt = stat.roundTripTime / 2;
}

// The way that is used now; several may have been nominated.
function addWay(report, sum) {
  const all = [...report.values()];
  const selected = all.find((stat) => stat.type === "transport" && stat.selectedCandidatePairId)?.selectedCandidatePairId;
  const way = report.get(selected) ?? all.find((stat) => stat.type === "candidate-pair" && stat.nominated && stat.state === "succeeded");
  if (!way) return;
  const mean = way.responsesReceived ? way.totalRoundTripTime / way.responsesReceived : undefined;
  sum.rtt = mean ?? way.currentRoundTripTime ?? sum.rtt;
  const here = report.get(way.localCandidateId);
  sum.isRelayed = here?.candidateType === "relay" || Boolean(here?.relayProtocol); // behind a NAT of the relay's it has another type
}
