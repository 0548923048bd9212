// Camera and microphone that the system takes away: an incoming telephone call, another program, a plug pulled out, the
// page in the background. Notices it, says so, and takes them again on the return; by hand where that does not help.

const SETTLED_MS = 1500; // silent for less: a device that only changes hands, or that the system gives back by itself
const AGAIN_MS = [0, 2000, 6000]; // tries, counted from when a device has ended or from the return to the page
const RENEWED_MS = 5000; // a device that has just been taken may be silent for a moment, and that is no interruption
const KINDS = ["audio", "video"];

export class Interruption {
  #watched = new WeakSet();
  #gone = new Map(); // kind: {since, hasEnded, mayTake, tries, triesFrom, device}
  #wasVisible = true;
  #returnedAt = -Infinity;
  #asking = new Set();
  #renewedAt = new Map();

  // devices: the Devices; retake(kind): promise of the new track or null; isWanted(): whether this person is to be seen and
  // heard; isVisible(): whether the page is in front; onBack(kinds, isAnother): they are there again, perhaps in other devices;
  // isDeafAfterwards: Safari gives back tracks that look alive and carry nothing: only a new one does
  constructor({ devices, retake, isWanted, isVisible, onBack, isDeafAfterwards = false }) {
    Object.assign(this, { devices, retake, isWanted, isVisible, onBack, isDeafAfterwards });
  }

  // Often, with the page's time in milliseconds.
  tick(now) {
    this.now = now;
    const isVisible = this.isVisible();
    if (isVisible && !this.#wasVisible) this.#return();
    this.#wasVisible = isVisible;
    if (!this.isWanted()) {
      this.#gone.clear();
      return;
    }
    for (const kind of KINDS) this.#look(kind, isVisible);
  }

  // What is gone, and has been for long enough to say so.
  get taken() {
    return KINDS.filter((kind) => this.#gone.has(kind) && this.now - this.#gone.get(kind).since >= SETTLED_MS);
  }

  // At somebody's own press.
  async take() {
    for (const kind of this.taken) await this.#take(kind);
  }

  #return() {
    this.#returnedAt = this.now;
    for (const gone of this.#gone.values()) Object.assign(gone, { tries: 0, triesFrom: this.now + (gone.hasEnded ? 0 : SETTLED_MS) });
  }

  #look(kind, isVisible) {
    const track = this.devices.track(kind);
    if (track) this.#watch(track);
    if (track?.muted && track.readyState === "live") this.#lose(kind, track, { hasEnded: false, isVisible });
    else if (track && this.#gone.has(kind) && !this.#asking.has(kind)) this.#back(kind, track, isVisible);
    const gone = this.#gone.get(kind);
    if (!gone || !isVisible || !gone.mayTake || this.#asking.has(kind)) return;
    if (gone.tries < AGAIN_MS.length && this.now >= gone.triesFrom + AGAIN_MS[gone.tries]) this.#take(kind);
  }

  #watch(track) {
    if (this.#watched.has(track)) return;
    this.#watched.add(track);
    track.addEventListener("mute", () => this.isDeafAfterwards && this.isWanted() && this.#lose(track.kind, track, { hasEnded: false, isVisible: this.isVisible() }));
    track.addEventListener("ended", () => this.isWanted() && !this.devices.track(track.kind) && this.#lose(track.kind, track, { hasEnded: true }));
  }

  // What was silenced before everybody's eyes is left alone: it may have been the person, with a switch of the browser.
  #lose(kind, track, { hasEnded, isVisible = true }) {
    if (track !== this.devices.track(kind) && !hasEnded) return;
    const mayTake = hasEnded || !isVisible || this.now - this.#returnedAt < SETTLED_MS;
    const gone = this.#gone.get(kind);
    if (gone && (gone.hasEnded || !hasEnded)) return;
    this.#gone.set(kind, { since: gone?.since ?? this.now, hasEnded, mayTake, tries: 0, triesFrom: this.now + (hasEnded ? 0 : SETTLED_MS), device: track.getSettings().deviceId });
  }

  #back(kind, track, isVisible) {
    const gone = this.#gone.get(kind);
    if (this.isDeafAfterwards && !gone.hasEnded && this.now - (this.#renewedAt.get(kind) ?? -Infinity) > RENEWED_MS) {
      if (isVisible) this.#take(kind);
      return;
    }
    const wasTold = this.taken.includes(kind);
    const isAnother = gone.hasEnded && track.getSettings().deviceId !== gone.device;
    this.#gone.delete(kind);
    if (wasTold || isAnother) this.onBack(kind, isAnother);
  }

  async #take(kind) {
    const gone = this.#gone.get(kind);
    if (!gone) return;
    gone.tries += 1;
    this.#renewedAt.set(kind, this.now);
    this.#asking.add(kind);
    try {
      const track = await this.retake(kind);
      if (!track && this.devices.isDenied(kind)) gone.mayTake = false; // asking again and again would be a nuisance
    } finally {
      this.#asking.delete(kind);
    }
  }
}
