// Put into a page before its own scripts: when each picture of the other person was shown, in milliseconds since 1970.
(() => {
  const KEPT = 2000;
  const frames = [];
  const watched = new WeakSet();

  const watch = (video) => {
    watched.add(video);
    const note = () => {
      frames.push(performance.timeOrigin + performance.now());
      if (frames.length > KEPT) frames.splice(0, KEPT / 2);
      video.requestVideoFrameCallback(note);
    };
    video.requestVideoFrameCallback(note);
  };
  const look = () => {
    for (const video of document.querySelectorAll("[data-testid=remote-video]")) if (!watched.has(video)) watch(video);
  };
  new MutationObserver(look).observe(document, { subtree: true, childList: true });

  window.pictures = {
    after: (moment) => frames.filter((at) => at > moment),
  };
})();
