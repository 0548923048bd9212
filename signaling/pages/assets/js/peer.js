// The media connection. The server offers, the browser answers; one RTCPeerConnection for each epoch (docs/protocol.md, Media).

import { Recovery } from "./recovery.js";

const SCREEN = "s"; // the section of a shared screen: one's own up, whoever shares down
const SENT = {
  // With little to go round the voice goes first. The camera's 640 × 480 gain nothing above 1.7 Mbit/s.
  audio: { priority: "high", networkPriority: "high" },
  video: { priority: "low", networkPriority: "low", maxBitrate: 1_700_000 },
  screen: { priority: "low", networkPriority: "low", maxBitrate: 1_500_000 },
};

export class Peer {
  epoch = 0;
  remote = new Map(); // seat: what that person sends
  screen = null; // the stream of whoever shares a screen
  #pc = null;
  #own = new Map(); // audio, video, screen: the sender of one's own
  #shared = null; // the track of one's own screen
  #work = Promise.resolve();
  #recovery = null;

  // send(message); ready(): promise of the local stream; onChange(): state or remote tracks changed;
  // heardAt(), onUnheard(): of the socket, as Recovery wants them; encryption: of everything that is sent and comes
  constructor({ send, ready, onChange, heardAt, onUnheard, encryption }) {
    Object.assign(this, { send, ready, onChange, encryption });
    this.#recovery = new Recovery({ peer: this, send, heardAt, onUnheard });
  }

  get isAlive() {
    return ["connected", "completed"].includes(this.#pc?.iceConnectionState) && this.#pc.connectionState !== "failed";
  }

  // What hello names: the connection that this page still holds.
  get heldEpoch() {
    const state = this.#pc?.connectionState;
    return this.#pc && state !== "failed" && state !== "closed" ? this.epoch : 0;
  }

  get pc() {
    return this.#pc;
  }

  // Offers are taken one after the other; a broken one must not stop the next.
  offer(message) {
    this.#work = this.#work
      .then(() => this.#answer(message))
      .catch((error) => {
        console.warn("offer not answered", error);
        this.send({ type: "renew_media" });
      });
  }

  async #answer({ media_epoch: epoch, sdp, ice_servers: iceServers }) {
    const stream = await this.ready();
    if (epoch < this.epoch) return;
    const configuration = { bundlePolicy: "max-bundle", iceServers };
    if (epoch !== this.epoch || !this.#pc) this.#build(epoch, stream, configuration);
    else this.#pc.setConfiguration(configuration); // the credentials of before may be over
    const pc = this.#pc;
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription();
    for (const [kind, sender] of this.#own) await limit(sender, SENT[kind]);
    if (pc !== this.#pc) return;
    this.send({ type: "answer", media_epoch: epoch, sdp: pc.localDescription.sdp });
  }

  #build(epoch, stream, configuration) {
    this.close();
    this.epoch = epoch;
    const pc = new RTCPeerConnection(configuration);
    this.#pc = pc;
    for (const track of stream.getTracks()) {
      const sender = pc.addTrack(track, stream);
      this.#own.set(track.kind, sender);
      this.encryption.attach(pc.getTransceivers().find((one) => one.sender === sender), track.kind);
    }
    pc.ontrack = (event) => this.#receive(event);
    pc.oniceconnectionstatechange = () => pc === this.#pc && this.#look();
    pc.onconnectionstatechange = () => pc === this.#pc && this.#look();
  }

  // The id of the offered stream says whose it is; the track is shown once it is proven that nothing passes the encryption by.
  async #receive({ track, receiver, transceiver, streams: [{ id: seat }] }) {
    const isScreen = transceiver.mid === SCREEN;
    const shown = isScreen ? (this.screen = new MediaStream()) : (this.remote.get(seat) ?? new MediaStream());
    if (isScreen) {
      transceiver.direction = "sendrecv"; // so that one's own can be shared without another offer
      this.encryption.bind(transceiver, null, "screen");
      this.#own.set("screen", transceiver.sender);
      transceiver.sender.replaceTrack(this.#shared);
    } else {
      this.encryption.bind(transceiver, seat, track.kind);
      this.remote.set(seat, shown);
    }
    await this.encryption.proven(receiver);
    shown.addTrack(track);
    this.onChange();
  }

  #look() {
    this.#recovery.look();
    this.onChange();
  }

  // The socket is back: a wish that could not be sent is sent now.
  restart() {
    this.#recovery.restart();
  }

  // Another camera or microphone: same connection where a sender is there, a new epoch where none is.
  async replace(track) {
    const sender = this.#own.get(track.kind);
    if (sender) await sender.replaceTrack(track);
    else if (this.#pc) this.send({ type: "renew_media" });
  }

  // One's own screen for the others; null: no longer.
  async share(track) {
    this.#shared = track;
    await this.#own.get("screen")?.replaceTrack(track);
  }

  close() {
    this.#recovery.rest();
    const pc = this.#pc;
    this.#pc = null;
    if (pc) {
      pc.ontrack = pc.oniceconnectionstatechange = pc.onconnectionstatechange = null;
      pc.close();
    }
    this.encryption.detach();
    this.#own.clear();
    this.remote.clear();
    this.screen = null;
  }

  // For good: a page that starts anew has no epoch.
  forget() {
    this.close();
    this.epoch = 0;
  }
}

async function limit(sender, limits) {
  const parameters = sender.getParameters();
  for (const encoding of parameters.encodings ?? []) Object.assign(encoding, limits);
  await sender.setParameters(parameters).catch(() => {}); // as the browser likes
}
