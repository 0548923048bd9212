// Camera and microphone of this person: asked for once, sent to the others, put down at the end.

import { isObserver, isOnPhone, me, offers, viewOf } from "../state.js";

const PATIENCE_MS = 6000;

export function createOwn(app) {
  const { s, devices, peer, screen } = app;
  let opening = null; // the promise of both, while and after they were asked for

  // Again only on purpose, after something was refused or missing. Of who only looks on, never.
  function open(isAgain = false) {
    if (isObserver(s)) return Promise.resolve();
    if (!opening || isAgain) {
      const wantsVideo = s.session ? offers(s, "video") : true;
      opening = devices.open({ wantsVideo }).then(() => {
        if (peer.pc) devices.stream.getTracks().forEach((track) => peer.replace(track));
        mindOthers();
        const words = heldWords();
        if (words) app.shown.tell(words);
      });
    }
    return opening;
  }

  // Who came in without one may be looked at: allowed later, or at a reload, it is off until they press. In the check they see themselves.
  function mindOthers() {
    const view = s.session ? viewOf(s) : null;
    if (view === "check") devices.release();
    if (!["lobby", "call"].includes(view)) return;
    for (const kind of ["audio", "video"]) if (devices.isDenied(kind)) devices.holdBack(kind, "allowed");
  }

  function heldWords() {
    const { held } = devices;
    return held && `devices.${held.why}_${held.kinds.length > 1 ? "both" : held.kinds[0]}`;
  }

  return {
    open,
    mindOthers,
    // What was said of what is held back holds no longer once it is pressed.
    toggle(kind) {
      const wasTold = s.told !== null && s.told === heldWords();
      devices.toggle(kind);
      if (!wasTold) return;
      s.told = null;
      const words = heldWords();
      if (words) app.shown.tell(words);
    },
    get isAsked() {
      return opening !== null;
    },
    // Nothing is being asked any more: what there is can be told of.
    get isReady() {
      return opening !== null && !devices.isOpening;
    },
    // Another camera or microphone takes the place of the one before, for the others too.
    async sendFrom(opened) {
      const track = await opened;
      if (track) await peer.replace(track);
      return track;
    },
    // A question of the browser that nobody answers must not keep the other person's picture away: what comes later is sent later.
    stream() {
      const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
      return Promise.race([open(), patience]).then(() => devices.stream);
    },
    // Agreed before, and only back from a reload or a dropped line: the server has put this person back already.
    comeInAgain() {
      if (me(s)?.has_joined && s.steppedOutAt === null && !s.isTimeUp && !isOnPhone(s)) open();
    },
    // Off, and media closed: nothing of this person leaves the device.
    rest() {
      screen.stop();
      peer.forget();
      devices.close();
      opening = null;
    },
  };
}
