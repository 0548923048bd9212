// Tells of another network, or of one that is back: the sooner both connections look for a way, the sooner the picture is there.

const ONCE_MS = 500; // one change is told by several events

// onChange(): the ways that were open may be closed, without anybody having noticed
export function watchNetwork(onChange) {
  const connection = navigator.connection;
  let type = connection?.type; // where the browser says it; rates and delays, of which it tells too, are estimates
  let toldAt = -ONCE_MS;
  const tell = () => {
    if (performance.now() - toldAt < ONCE_MS) return;
    toldAt = performance.now();
    onChange();
  };
  window.addEventListener("online", tell);
  connection?.addEventListener?.("change", () => {
    const isAnother = connection.type !== type && connection.type !== "none";
    type = connection.type;
    if (isAnother) tell();
  });
}
