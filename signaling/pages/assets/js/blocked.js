// What somebody else keeps from working: an extension, a setting, the network of a company. Asked, never guessed.

const ALIVE = "/health/live";
const SOCKET = "/ws"; // asked without a wish to talk, it says only whether there is a place
const PATIENCE_MS = 5000;

// Whether this browser lets a page make calls: blockers and settings take the constructor away.
export const canCall = () => typeof globalThis.RTCPeerConnection === "function";

// Why the socket does not open: "offline", "server" (nothing answers), "full" (no place is free) or "blocked" (pages come through, sockets do not).
export async function whyUnreached() {
  if (!navigator.onLine) return "offline";
  try {
    const ask = (address) => fetch(address, { cache: "no-store", signal: AbortSignal.timeout?.(PATIENCE_MS) });
    if (!(await ask(ALIVE)).ok) return "server";
    return (await ask(SOCKET)).status === 503 ? "full" : "blocked";
  } catch {
    return navigator.onLine ? "server" : "offline";
  }
}
