// The screen does not go dark while somebody waits or talks. The browser takes the lock back when the page is out of sight.

const AGAIN_MS = 5000;

export class WakeLock {
  #lock = null;
  #askedAt = -Infinity;

  // Often, with the page's time in milliseconds.
  async keep(isWanted, now) {
    if (!isWanted) {
      this.#lock?.release().catch(() => {});
      this.#lock = null;
      return;
    }
    const isThere = document.visibilityState === "visible" && Boolean(navigator.wakeLock);
    if (!isThere || (this.#lock && !this.#lock.released) || now - this.#askedAt < AGAIN_MS) return;
    this.#askedAt = now;
    try {
      this.#lock = await navigator.wakeLock.request("screen");
    } catch {
      // low battery, or not allowed: the screen goes its own way
    }
  }
}
