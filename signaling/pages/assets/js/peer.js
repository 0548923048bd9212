// The media connection. The server offers, the browser answers; one RTCPeerConnection for each epoch (docs/protocol.md, Media).

const PATIENCE_MS = 2000; // shorter gaps mend themselves
const RENEW_MS = 10000; // an ICE restart that has not helped by then does not help

export class Peer {
  epoch = 0;
  remote = new MediaStream();
  #pc = null;
  #work = Promise.resolve();
  #worry = 0;

  // send(message); ready(): promise of the local stream; onChange(): state or remote tracks changed
  constructor({ send, ready, onChange }) {
    Object.assign(this, { send, ready, onChange });
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

  async #answer({ media_epoch: epoch, sdp }) {
    const stream = await this.ready();
    if (epoch < this.epoch) return;
    if (epoch !== this.epoch || !this.#pc) this.#build(epoch, stream);
    const pc = this.#pc;
    await pc.setRemoteDescription({ type: "offer", sdp });
    await pc.setLocalDescription();
    if (pc !== this.#pc) return;
    this.send({ type: "answer", media_epoch: epoch, sdp: pc.localDescription.sdp });
  }

  #build(epoch, stream) {
    this.close();
    this.epoch = epoch;
    const pc = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
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

  // Asks for an ICE restart; and for a new connection when that has not helped.
  restart() {
    if (!this.#pc || this.isAlive) return;
    clearTimeout(this.#worry);
    if (!this.send({ type: "restart_media", media_epoch: this.epoch })) return;
    this.#worry = setTimeout(() => !this.isAlive && this.send({ type: "renew_media" }), RENEW_MS);
  }

  // Another camera or microphone: same connection where a sender is there, a new epoch where none is.
  async replace(track) {
    const sender = this.#pc?.getSenders().find((one) => one.track?.kind === track.kind);
    if (sender) await sender.replaceTrack(track);
    else if (this.#pc) this.send({ type: "renew_media" });
  }

  close() {
    clearTimeout(this.#worry);
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
