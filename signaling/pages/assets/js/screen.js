// One's own screen, shared at one's own press of a button and never otherwise (SAKAI 5-4).

const WISH = { video: { frameRate: { ideal: 10, max: 15 }, width: { max: 1920 }, height: { max: 1200 } }, audio: false };

export class Screen {
  #track = null;
  #questions = 0;

  // peer: sends it; onChange(): begun or ended
  constructor({ peer, onChange }) {
    Object.assign(this, { peer, onChange });
  }

  // Telephones have no way to do it.
  get isPossible() {
    return typeof navigator.mediaDevices?.getDisplayMedia === "function";
  }

  get isOn() {
    return this.#track !== null;
  }

  async toggle() {
    if (this.isOn) return this.stop();
    const question = (this.#questions += 1);
    const stream = await navigator.mediaDevices.getDisplayMedia(WISH).catch(() => null); // thought better of it
    const track = stream?.getVideoTracks()[0];
    if (!track) return undefined;
    if (question !== this.#questions) return track.stop(); // asked anew, or over meanwhile: nobody wants it any more
    track.contentHint = "detail"; // letters before movement
    track.addEventListener("ended", () => track === this.#track && this.stop());
    this.#track = track;
    await this.peer.share(track);
    return this.onChange();
  }

  stop() {
    this.#questions += 1;
    if (!this.#track) return;
    this.#track.stop();
    this.#track = null;
    this.peer.share(null);
    this.onChange();
  }
}
