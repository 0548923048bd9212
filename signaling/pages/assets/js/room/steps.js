// The browser's own buttons: back is one step back within the way in, never out of the call by accident, and out at once where
// the way is over. The tick of the door lies with the entry of this tab's history, so that a reload keeps it for this link alone.

import { agreementOf, hasJoined, isOnPhone, isRunning, isSeeker, isSupporter, viewOf } from "../state.js";

const WAY = ["door", "check", "lobby", "call"];
const OVER = new Set(["after", "away", "claim", "refused"]); // nothing to go back to
const EARLIER = ["door", "check"];
const GUARDS = 3; // presses in a row, quicker than a page can answer, that do not lead out of the call

export function createSteps(app) {
  const { s, own, shown, chat } = app;
  const link = location.hash;
  const kept = WAY.includes(history.state?.step) ? history.state : {};
  let depth = kept.depth ?? 0; // how many steps of this page lie before this one
  let lobbyAt = kept.lobbyAt ?? null; // the depth of the lobby that one looks back from
  let isFirst = true; // the page has just been loaded: where one is now is no step
  Object.assign(s, { step: kept.step ?? "door", isLookingBack: kept.isLookingBack ?? false, agreed: kept.agreed ?? null, isByStanding: kept.isByStanding ?? false });

  const state = () => ({ step: s.step, depth, lobbyAt, isLookingBack: s.isLookingBack, agreed: s.agreed, isByStanding: s.isByStanding });
  const note = () => history.replaceState(state(), "");

  function push(step) {
    Object.assign(s, { step, isLookingBack: false });
    depth += 1;
    history.pushState(state(), "");
  }

  function stayInCall() {
    do push("call");
    while (depth < GUARDS);
  }

  function go(step) {
    if (step === "lobby" && s.isLookingBack && lobbyAt !== null && lobbyAt !== depth) return history.go(lobbyAt - depth); // where one was, not a step more
    if (s.step === step) note();
    else push(step);
    return shown.draw();
  }

  // From the lobby to an earlier step that lies not before it: who came in at once has seen none.
  function lookAt(step) {
    lobbyAt = depth;
    push(step);
    s.isLookingBack = true;
    note();
    shown.draw();
  }

  // Whom no tick lets past the door is at the door, whatever the entry says: a tick alone is no step.
  function holdAtTheDoor() {
    if (s.session && viewOf(s) === "door") s.step = "door";
  }

  // Another view stands on the page.
  function arrived(view) {
    if (view === "door") {
      holdAtTheDoor();
      note();
    }
    if (view === "door" && !hasJoined(s) && own.isAsked) own.rest(); // no camera looks on while one reads
    if (view === "check" && !isOnPhone(s)) own.open();
    own.mindOthers();
    const step = view === "phone" ? "lobby" : view;
    if (!WAY.includes(step)) return;
    const isAhead = WAY.indexOf(step) > WAY.indexOf(s.step);
    if (isAhead && !isFirst) push(step);
    else if (isAhead) {
      s.step = step;
      note();
    }
    if (step === "call" && depth < GUARDS) stayInCall(); // also where the link led straight in
    isFirst = false;
  }

  const isChatOver = () => chat.isOpen && !isSupporter(s); // the supporter has it beside the picture

  // What lies over the page goes first. In the call there are ways out to be shown, and the call goes on.
  function stay() {
    if (s.sheet !== null) return app.do.closeSheet();
    if (isChatOver()) return app.do.openChat(false);
    if (document.querySelector("dialog[open]")) return undefined; // somebody asks, and waits for an answer
    return isSeeker(s) ? app.do.askEnd() : shown.tell("call.stay");
  }

  function onPop({ state: entry }) {
    if (location.hash !== link) return; // the entry of another link: the page opens anew
    const view = s.session || s.refusal ? viewOf(s) : "connecting";
    const from = depth;
    depth = entry?.depth ?? 0;
    const isCovered = ["lobby", "phone"].includes(view) && depth < from && (s.sheet !== null || isChatOver());
    if (view === "call" || isCovered) {
      if (isCovered) push("lobby");
      else stayInCall();
      stay();
    } else if (OVER.has(view) || (view === "phone" && isRunning(s))) {
      if (depth < from) history.go(-depth - 1);
    } else {
      s.step = WAY.includes(entry?.step) ? entry.step : "door";
      const isLookingBack = s.session !== null && hasJoined(s) && EARLIER.includes(s.step);
      if (isLookingBack && !s.isLookingBack) lobbyAt = from;
      s.isLookingBack = isLookingBack;
      holdAtTheDoor();
      note();
      shown.draw();
    }
  }

  window.addEventListener("popstate", onPop);

  return {
    arrived,
    go,
    lookAt,
    // The box at the door: what it says now is what holds.
    tick(isTicked) {
      s.agreed = isTicked ? agreementOf(s) : null;
      note();
    },
  };
}
