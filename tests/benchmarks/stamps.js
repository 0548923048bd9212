// Put into a page before its own scripts: notes when things happened, in milliseconds since 1970, the same in all pages.
(() => {
  const now = () => performance.timeOrigin + performance.now();
  const stamps = { clicked: 0, offered: 0, connected: 0, shown: 0 };

  addEventListener("click", ({ target }) => target.closest?.("[data-testid=join]") && (stamps.clicked ||= now()), true);

  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(...args) {
      super(...args);
      stamps.offered ||= now();
      this.addEventListener("connectionstatechange", () => this.connectionState === "connected" && (stamps.connected ||= now()));
    }
  };

  // A picture counts when the compositor has it.
  const watched = new WeakSet();
  let isAdmitting = false;
  const look = () => {
    for (const video of document.querySelectorAll("[data-testid=remote-video]")) {
      if (watched.has(video)) continue;
      watched.add(video);
      video.requestVideoFrameCallback(() => (stamps.shown ||= now()));
    }
    const admit = isAdmitting && document.querySelector("[data-testid=admit]:not(:disabled)");
    if (admit) {
      isAdmitting = false;
      admit.click();
    }
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled", "hidden"] });

  // From now on the seeker is let in without a moment's thought.
  stamps.admit = () => {
    isAdmitting = true;
    look();
  };
  window.stamps = stamps;
})();
