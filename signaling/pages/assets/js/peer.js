// The media connection. The server offers, the browser answers; one RTCPeerConnection for each epoch (docs/protocol.md, Media).

import { watchNetwork } from "./network.js";

const PATIENCE_MS = 300; // what has mended itself by then needs no help; the browser has waited for seconds already
const UNHEARD_MS = 1500; // an offer takes a round trip; when none has come by then, the socket may be as dead as the media
const RENEW_MS = 10000; // an ICE restart that has not helped by then does not help

export class Peer {
  epoch = 0;
  remote = new MediaStream();
  #pc = null;
  #work = Promise.resolve();
  #worry = 0;
  #unheard = 0;
  #hasMoved = false;

  // send(message); ready(): promise of the local stream; onChange(): state or remote tracks changed;
  // onUnheard(): the wish for an offer got lost
  constructor({ send, ready, onChange, onUnheard }) {
    Object.assign(this, { send, ready, onChange, onUnheard });
    watchNetwork(() => this.move());
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
    clearTimeout(this.#unheard);
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
    if (pc !== this.#pc) return;
    this.send({ type: "answer", media_epoch: epoch, sdp: pc.localDescription.sdp });
  }

  #build(epoch, stream, configuration) {
    this.close();
    this.epoch = epoch;
    const pc = new RTCPeerConnection(configuration);
    this.#pc = pc;
    for (const track of stream.getTracks()) pc.addTrack(track, stream);
    pc.ontrack = ({ track }) => {
      for (const old of this.remote.getTracks().filter((one) => one.kind === track.kind)) this.remote.removeTrack(old);
      this.remote.addTrack(track);
      this.onChange();
    };
    pc.oniceconnectionstatechange = () => pc === this.#pc && this.#look();
    pc.onconnectionstatechange = () => pc === this.#pc && this.#look();
  }

  // Disconnected may mend itself; failed does not. Only the server can offer again, so the wish is passed on.
  #look() {
    clearTimeout(this.#worry);
    this.#worry = 0;
    if (!this.isAlive && ["disconnected", "failed"].includes(this.#pc.iceConnectionState)) {
      const wait = this.#pc.iceConnectionState === "failed" ? 0 : PATIENCE_MS;
      this.#worry = setTimeout(() => this.restart(), wait);
    } else if (this.#pc.connectionState === "failed") {
      this.send({ type: "renew_media" }); // DTLS is broken: ICE cannot mend it
    }
    this.onChange();
  }

  // Another network: the way that still looks alive may be the one that is gone.
  move() {
    this.#hasMoved = this.#pc !== null;
    this.restart();
  }

  // Asks for an ICE restart where one is due; and for a new connection when that has not helped.
  restart() {
    if (!this.#pc || (this.isAlive && !this.#hasMoved)) return;
    clearTimeout(this.#worry);
    if (!this.send({ type: "restart_media", media_epoch: this.epoch })) return;
    this.#hasMoved = false;
    this.#worry = setTimeout(() => !this.isAlive && this.send({ type: "renew_media" }), RENEW_MS);
    clearTimeout(this.#unheard);
    this.#unheard = setTimeout(() => !this.isAlive && this.onUnheard(), UNHEARD_MS);
  }

  // Another camera or microphone: same connection where a sender is there, a new epoch where none is.
  async replace(track) {
    const sender = this.#pc?.getSenders().find((one) => one.track?.kind === track.kind);
    if (sender) await sender.replaceTrack(track);
    else if (this.#pc) this.send({ type: "renew_media" });
  }

  close() {
    clearTimeout(this.#worry);
    clearTimeout(this.#unheard);
    this.#hasMoved = false;
    const pc = this.#pc;
    this.#pc = null;
    if (pc) {
      pc.ontrack = pc.oniceconnectionstatechange = pc.onconnectionstatechange = null;
      pc.close();
    }
    for (const track of this.remote.getTracks()) this.remote.removeTrack(track);
  }

  // For good: a page that starts anew has no epoch.
  forget() {
    this.close();
    this.epoch = 0;
  }
}
