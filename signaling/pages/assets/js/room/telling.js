// What the server is told of this page unasked: what it sends to the others, and what the check found.

import { keep, keptObject } from "../kept.js";
import { found } from "../probe.js";
import { isOnPhone } from "../state.js";

const CHECKED_MS = 2000; // the server counts one in so many
const PREFIX = "madoguchi.line.";
const MEASURED_MS = 3600000; // a line of an hour ago says nothing of this one

// Told at a tick, so that no key held down floods the line; after each change, and anew with each connection.
export function createTelling({ s, socket, browser, devices, interruption, screen, encryption, quality, probe, own }) {
  let toldMedia = "";
  let toldCheck = { key: "", at: 0 };
  let measured = null; // {result, at}: what came of the line in this tab

  const mayTell = () => s.isOnline && s.you.seat && !isOnPhone(s) && own.isReady && s.session.phase !== "ended";

  // What the others cannot see for themselves: black may be a camera that is off.
  function tellMedia() {
    const isSent = (kind) => devices.isOn(kind) && !interruption.taken.includes(kind);
    const said = { audio: isSent("audio"), video: isSent("video"), screen: screen.isOn, encrypted: encryption.isSealing, is_unstable: quality.word === "unstable", has_microphone: Boolean(devices.track("audio")) || interruption.taken.includes("audio") };
    const key = JSON.stringify([s.you.connection, said]);
    if (key !== toldMedia && socket.send({ type: "media_state", ...said })) toldMedia = key;
  }

  // To the office, in words.
  function tellCheck() {
    const said = found({ devices, probe: { result: lastResult() }, browser });
    const key = JSON.stringify([s.you.connection, said]);
    if (key === toldCheck.key || s.now < toldCheck.at + CHECKED_MS) return;
    if (socket.send({ type: "checked", ...said })) toldCheck = { key, at: s.now };
  }

  // Who comes back to the waiting room from a reload is not measured anew: what this tab has found still holds.
  function lastResult() {
    const name = PREFIX + s.session.id;
    if (probe.result && probe.result !== measured?.result) {
      measured = { result: probe.result, at: s.now };
      keep(name, JSON.stringify(measured), true);
    }
    measured ??= keptObject(name, true) ?? { result: null, at: s.now };
    return s.now - measured.at < MEASURED_MS ? measured.result : null;
  }

  return {
    tick() {
      if (!mayTell()) return;
      tellMedia();
      tellCheck();
    },
  };
}
