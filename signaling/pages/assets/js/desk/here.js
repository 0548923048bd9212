// Whether a desk is open in this browser: the room asks, the desk answers. No word of who or of which session, and no token.

const CHANNEL = "madoguchi.desk";

const channel = () => ("BroadcastChannel" in globalThis ? new BroadcastChannel(CHANNEL) : null);

export function answerAsDesk() {
  const line = channel();
  line?.addEventListener("message", ({ data }) => data === "where" && line.postMessage("here"));
}

// onHere(): a desk has answered; returns what ends the asking
export function askForDesk(onHere) {
  const line = channel();
  line?.addEventListener("message", ({ data }) => data === "here" && onHere());
  line?.postMessage("where");
  return () => line?.close();
}
