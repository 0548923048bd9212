// Measures the line to the media server before anybody is let in: a connection of its own that sends its packets back
// (docs/protocol.md, Pre-call check). What it carries is made up: nothing of this person leaves the device for it.

import { ASKED_BPS, Line, judge } from "./line.js";

const SAMPLE_MS = 500;
const OFFER_MS = 5000;
const CONNECT_MS = 8000; // through a TURN server over TLS it takes some seconds
const AGAIN_MS = 6000;
const MOST_TRIES = 4;
const FRAME_MS = 50;

export class Probe {
  state = "idle"; // idle, asked, measuring, crowded (later again), done
  result = null; // {word, why, figures, hasRelay}
  #hasPicture = true;
  #pc = null;
  #picture = null;
  #line = null;
  #timer = 0;
  #tries = 0;
  #turn = 0;

  // send(message): true if it left; isVisible(): a page in the background measures its own sleep; onChange()
  constructor({ send, isVisible, onChange }) {
    Object.assign(this, { send, isVisible, onChange });
  }

  // Measure, unless that is done or under way; hasPicture: whether the session has pictures to carry.
  want(hasPicture) {
    if (this.state !== "idle" || !this.isVisible()) return;
    this.#hasPicture = hasPicture;
    this.#ask();
  }

  again() {
    this.result = null;
    this.#tries = 0;
    this.stop();
    this.onChange();
  }

  #ask() {
    if (!this.send({ type: "probe" })) return this.#become("idle");
    this.#tries += 1;
    this.#become("asked");
    return this.#after(OFFER_MS, () => this.#crowded());
  }

  // Too many are measured now, or nobody answered.
  #crowded() {
    this.#drop();
    if (this.#tries >= MOST_TRIES) return this.#become("done");
    this.#become("crowded");
    return this.#after(AGAIN_MS, () => this.#ask());
  }

  refused(code) {
    if (this.state !== "asked") return;
    if (code === "probe_full") this.#crowded();
    else this.stop();
  }

  async offer({ sdp, ice_servers: iceServers }) {
    if (this.state !== "asked") return;
    const turn = ++this.#turn;
    this.#become("measuring");
    this.#after(CONNECT_MS, () => this.#finish(iceServers.length > 0));
    try {
      const pc = (this.#pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", iceServers }));
      pc.onconnectionstatechange = () => pc === this.#pc && this.#look(iceServers.length > 0);
      this.#picture = madeUpPicture();
      const sender = pc.addTrack(this.#picture.track, this.#picture.stream);
      await pc.setRemoteDescription({ type: "offer", sdp: withoutRepeats(sdp) });
      await pc.setLocalDescription();
      await limit(sender);
      if (turn === this.#turn) this.send({ type: "answer_probe", sdp: pc.localDescription.sdp });
    } catch (error) {
      console.warn("the line is not measured", error);
      if (turn === this.#turn) this.#finish(iceServers.length > 0);
    }
  }

  #look(hasRelay) {
    const state = this.#pc.connectionState;
    if (state === "failed") this.#finish(hasRelay);
    if (state !== "connected" || this.#line) return;
    this.#line = new Line();
    clearTimeout(this.#timer);
    this.#sample(this.#pc, hasRelay);
  }

  async #sample(pc, hasRelay) {
    const report = await pc.getStats();
    if (pc !== this.#pc) return;
    if (!this.isVisible()) return this.stop();
    this.#line.take(report, performance.now());
    if (this.#line.isEnough) return this.#finish(hasRelay);
    return this.#after(SAMPLE_MS, () => this.#sample(pc, hasRelay));
  }

  #finish(hasRelay) {
    this.send({ type: "end_probe" });
    const figures = this.#line?.figures ?? null;
    this.result = { ...judge(figures, this.#hasPicture), figures, hasRelay };
    this.#drop();
    this.#become("done");
  }

  // Given up: the person goes on, the socket is gone, or the page is in the background. A result stays.
  stop() {
    if (["asked", "measuring"].includes(this.state)) this.send({ type: "end_probe" });
    this.#drop();
    this.#become(this.result ? "done" : "idle");
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#turn += 1;
    this.#pc?.close();
    this.#picture?.stop();
    this.#pc = this.#picture = this.#line = null;
  }

  #after(ms, what) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(what, ms);
  }

  #become(state) {
    if (this.state === state) return;
    this.state = state;
    this.onChange();
  }
}

const WORDS = { denied: "denied", denied_os: "denied", dismissed: "denied", policy: "denied", insecure: "unavailable", unsupported: "unavailable", unknown: "not_used" };

// What is told to the office of all this: words, two figures, and the kind of machine.
export function found({ devices: { state }, probe: { result }, browser }) {
  const word = (name) => WORDS[state[name]] ?? state[name];
  const { rtt_ms: rtt = null, missing = null } = result?.figures ?? {};
  return { camera: word("camera"), microphone: word("microphone"), line: result?.word ?? null, rtt_ms: rtt, missing: missing === null ? null : Math.round(1000 * missing) / 1000, device: browser.kind };
}

// Coarse noise that moves: it fills whatever rate there is, and shrinks to what little there is.
function madeUpPicture() {
  const [tile, canvas] = [document.createElement("canvas"), document.createElement("canvas")];
  Object.assign(tile, { width: 160, height: 120 });
  Object.assign(canvas, { width: 480, height: 360 });
  const noise = tile.getContext("2d");
  const image = noise.createImageData(tile.width, tile.height);
  for (let at = 0; at < image.data.length; at += 4) image.data.fill(Math.random() * 256, at, at + 3).fill(255, at + 3, at + 4);
  noise.putImageData(image, 0, 0);
  const context = canvas.getContext("2d");
  const draw = () => {
    const [x, y] = [Math.random() * 80, Math.random() * 60];
    context.drawImage(tile, x, y, 80, 60, 0, 0, canvas.width, canvas.height);
  };
  draw();
  const stream = canvas.captureStream(1000 / FRAME_MS);
  const [track] = stream.getVideoTracks();
  track.contentHint = "motion";
  const timer = setInterval(draw, FRAME_MS);
  return {
    stream,
    track,
    stop() {
      clearInterval(timer);
      track.stop();
    },
  };
}

// Browsers count as lost what was not even repeated: here nothing is, for the line is measured and not the mending of it.
const withoutRepeats = (sdp) => sdp.replace(/^a=rtcp-fb:\d+ nack\r\n/gm, "");

async function limit(sender) {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings ?? []) encoding.maxBitrate = ASKED_BPS;
  await sender.setParameters(parameters).catch(() => {}); // as the browser likes
}
