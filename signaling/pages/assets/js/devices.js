// Camera and microphone, with honest fall-backs: what is missing is said, and never stops anybody from coming in.

import { keep, keptObject } from "./kept.js";

const VIDEO = { width: { ideal: 640 }, height: { ideal: 480 }, frameRate: { ideal: 24, max: 30 }, facingMode: "user" };
const AUDIO = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

const DENIED = new Set(["denied", "denied_os", "dismissed", "policy"]);
const KEPT = "madoguchi.devices"; // which devices were chosen, on this device alone
const OFF = "madoguchi.off."; // what is off in a session, in this tab alone

// Why a device is not there: denied (denied_os: by the system; dismissed: the question was closed; policy: pages of
// this kind may not ask), missing, busy, insecure, unsupported.
export function reasonOf(error, mayAsk = true) {
  switch (error?.name) {
    case "NotAllowedError":
      if (!mayAsk) return "policy";
      if (/dismissed/i.test(error.message)) return "dismissed";
      return /by (?:the )?system|by (?:the )?platform/i.test(error.message) ? "denied_os" : "denied";
    case "SecurityError":
      return "policy";
    case "NotFoundError":
    case "OverconstrainedError":
      return "missing";
    default:
      return "busy";
  }
}

const mayAsk = (feature) => document.featurePolicy?.allowsFeature(feature) ?? true;

function chosen() {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {}; // storage is closed, or holds something else
  }
}

function remember(kind, id) {
  try {
    localStorage.setItem(KEPT, JSON.stringify({ ...chosen(), [kind]: id }));
  } catch {
    // nothing to keep it in: it holds for this page
  }
}

// What to ask for: the one that was chosen before. Chromium takes its own choice where ours is only wished for.
function wishFor(kind) {
  const standard = kind === "audio" ? AUDIO : VIDEO;
  const id = chosen()[kind];
  return id ? { ...standard, facingMode: undefined, deviceId: { exact: id } } : standard;
}

export class Devices {
  stream = new MediaStream();
  state = { microphone: "unknown", camera: "unknown" };
  isOpening = false;
  changes = 0; // how often something was plugged in or out
  #off = {}; // kind to why: "pressed" by this person, else held back until they press; another device in its place stays off
  #keptAs = null;
  #wishes = {}; // of each kind: what was asked for when the device was chosen, to ask for the same again
  #cameras = 0;
  #closings = 0;
  #isTurning = false;
  #isWatching = false;
  #speaker = ""; // where sound was wished to come out
  #refused = null; // such a trial that failed
  #changing = new WeakSet();
  #level = null;

  // onChange() after any change of state or tracks; onAllowed(): what was denied is allowed now
  constructor({ onChange, onAllowed = () => {} }) {
    Object.assign(this, { onChange, onAllowed });
    this.#speaker = chosen().speaker ?? "";
    navigator.mediaDevices?.addEventListener?.("devicechange", () => {
      this.changes += 1;
      this.#count();
    });
  }

  // What is off in a session stays off across a reload of the page, and says nothing of the next session.
  keepFor(session) {
    this.#keptAs = OFF + session;
    this.#off = keptObject(this.#keptAs, true) ?? {};
  }

  #mark(kind, why) {
    if (why) this.#off[kind] = why;
    else delete this.#off[kind];
    if (this.#keptAs) keep(this.#keptAs, JSON.stringify(this.#off), true);
  }

  async open({ wantsVideo }) {
    this.isOpening = true;
    this.#watchPermissions();
    this.onChange();
    try {
      await this.#openBoth(wantsVideo);
    } finally {
      this.isOpening = false;
      this.onChange();
    }
  }

  async #openBoth(wantsVideo) {
    if (!navigator.mediaDevices?.getUserMedia) {
      const reason = window.isSecureContext ? "unsupported" : "insecure";
      this.state = { microphone: reason, camera: wantsVideo ? reason : "not_used" };
      return;
    }
    this.state.camera = wantsVideo ? this.state.camera : "not_used";
    try {
      this.#adopt(await this.#ask({ audio: wishFor("audio"), video: wantsVideo ? wishFor("video") : false }));
    } catch {
      // One of the two stops both: ask for each alone, so that one missing camera does not cost the voice.
      await this.#openAlone("microphone", "audio");
      if (wantsVideo) await this.#openAlone("camera", "video");
    }
  }

  async #ask(constraints) {
    const before = this.#closings;
    const stream = await navigator.mediaDevices.getUserMedia(constraints);
    if (before === this.#closings) return stream;
    for (const track of stream.getTracks()) track.stop(); // closed meanwhile: nobody wants it any more
    throw new DOMException("closed", "AbortError");
  }

  // Where the one that was chosen is gone, whichever there is.
  async #openAlone(device, kind) {
    const standard = kind === "audio" ? AUDIO : VIDEO;
    const wishes = chosen()[kind] ? [wishFor(kind), standard] : [standard];
    for (const wish of wishes) {
      try {
        return this.#adopt(await this.#ask({ [kind]: wish }));
      } catch (error) {
        this.state[device] = reasonOf(error, mayAsk(device));
        if (this.state[device] !== "missing") return undefined;
      }
    }
    return undefined;
  }

  // Who allows it in the settings of the browser need not press anything more.
  async #watchPermissions() {
    if (this.#isWatching) return;
    this.#isWatching = true;
    for (const [name, kind] of [["microphone", "audio"], ["camera", "video"]]) {
      const status = await navigator.permissions?.query({ name }).catch(() => null); // not every browser knows these
      status?.addEventListener("change", () => status.state === "granted" && this.isDenied(kind) && this.onAllowed());
    }
  }

  #adopt(stream) {
    for (const track of stream.getTracks()) {
      this.track(track.kind)?.stop();
      for (const old of this.stream.getTracks().filter((one) => one.kind === track.kind)) this.stream.removeTrack(old);
      track.enabled = !this.#off[track.kind];
      this.stream.addTrack(track);
      this.state[track.kind === "audio" ? "microphone" : "camera"] = "ok";
      track.addEventListener("ended", () => this.#ended(track));
    }
    if (this.track("audio")) this.#listen();
    if (this.track("video")) this.#count();
  }

  async #count() {
    this.#cameras = (await this.list("video")).length;
    this.onChange();
  }

  #ended(track) {
    if (this.track(track.kind) !== track) return;
    this.stream.removeTrack(track);
    this.state[track.kind === "audio" ? "microphone" : "camera"] = "busy";
    this.onChange();
  }

  track(kind) {
    return this.stream.getTracks().find((one) => one.kind === kind) ?? null;
  }

  get hasAny() {
    return this.stream.getTracks().length > 0;
  }

  isOn(kind) {
    return this.track(kind)?.enabled ?? false;
  }

  isDenied(kind) {
    return DENIED.has(this.state[kind === "audio" ? "microphone" : "camera"]);
  }

  toggle(kind) {
    const track = this.track(kind);
    if (track) {
      track.enabled = !track.enabled;
      this.#mark(kind, track.enabled ? null : "pressed");
    }
    this.onChange();
  }

  async list(kind) {
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return all.filter((one) => one.kind === `${kind}input` && one.deviceId);
  }

  async choose(kind, deviceId) {
    const wish = { ...(kind === "audio" ? AUDIO : VIDEO), deviceId: { exact: deviceId } };
    delete wish.facingMode;
    remember(kind, deviceId);
    return this.#take(kind, wish);
  }

  // Off from its first moment, until this person presses; why: what it is told with.
  holdBack(kind, why) {
    if (!this.#off[kind]) this.#mark(kind, why);
    const track = this.track(kind);
    if (track) track.enabled = false;
  }

  // What is there and held back: {why, kinds}; null where nothing is.
  get held() {
    const kinds = ["audio", "video"].filter((kind) => this.track(kind) && (this.#off[kind] ?? "pressed") !== "pressed");
    return kinds.length ? { why: this.#off[kinds[0]], kinds } : null;
  }

  // Where one sees oneself, or has pressed for it, nothing has to be held back.
  release(kinds = ["audio", "video"]) {
    for (const kind of kinds) {
      if ((this.#off[kind] ?? "pressed") === "pressed") continue;
      this.#mark(kind, null);
      const track = this.track(kind);
      if (track) track.enabled = true;
    }
  }

  // Where sound may come out of; none where the browser leaves that to the system.
  async speakers() {
    if (!("setSinkId" in HTMLMediaElement.prototype)) return [];
    const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
    return all.filter((one) => one.kind === "audiooutput" && one.deviceId);
  }

  // Where it does come out, "" being the system's own: a wish that was refused is not tried again before something has
  // changed. After a reload that is so until the microphone is allowed, for whoever has it may know of speakers.
  get speaker() {
    return this.#refused === this.#trial ? "" : this.#speaker;
  }

  get #trial() {
    return JSON.stringify([this.#speaker, this.hasAny, this.changes]);
  }

  chooseSpeaker(id) {
    this.#speaker = id;
    this.#refused = null;
    remember("speaker", id);
    this.onChange();
  }

  // Let an element, or a context of sounds, come out where it was chosen; one that is gone falls back to the system's.
  speakThrough(element) {
    const [wanted, trial] = [this.speaker, this.#trial];
    if (!element.setSinkId || (element.sinkId ?? "") === wanted || this.#changing.has(element)) return;
    this.#changing.add(element); // while it changes
    element
      .setSinkId(wanted)
      .catch(() => (this.#refused = trial))
      .finally(() => this.#changing.delete(element));
  }

  // Which way the camera looks, where the browser says it: telephones do.
  get facing() {
    return this.track("video")?.getSettings().facingMode ?? null;
  }

  get canFlip() {
    return this.#cameras > 1 && Boolean(this.facing);
  }

  async flip() {
    if (this.#isTurning) return null; // two quick presses are one
    this.#isTurning = true;
    try {
      return await this.#turn();
    } finally {
      this.#isTurning = false;
    }
  }

  async #turn() {
    const facingMode = this.facing === "environment" ? "user" : "environment";
    const before = this.#wishes.video ?? wishFor("video");
    return (await this.#take("video", { ...VIDEO, facingMode: { exact: facingMode } })) ?? this.#take("video", before);
  }

  // The same one once more, after the system took it away; where it is gone, whichever there is.
  async retake(kind) {
    const standard = kind === "audio" ? AUDIO : VIDEO;
    const wish = this.#wishes[kind] ?? wishFor(kind);
    return (await this.#take(kind, wish)) ?? (wish === standard ? null : this.#take(kind, standard));
  }

  async #take(kind, wish) {
    this.track(kind)?.stop(); // phones lend one camera at a time
    let track = null;
    try {
      const stream = await this.#ask({ [kind]: wish });
      this.#adopt(stream);
      this.#wishes[kind] = wish;
      track = this.track(kind);
    } catch (error) {
      this.#forget(kind);
      const device = kind === "audio" ? "microphone" : "camera";
      this.state[device] = reasonOf(error, mayAsk(device));
    }
    this.onChange();
    return track;
  }

  #forget(kind) {
    const track = this.track(kind);
    if (track) this.stream.removeTrack(track);
  }

  // The camera's light goes out when the picture is no longer wanted.
  drop(kind) {
    const track = this.track(kind);
    if (!track) return;
    this.stream.removeTrack(track);
    track.stop();
    this.state[kind === "audio" ? "microphone" : "camera"] = "not_used";
    this.onChange();
  }

  close() {
    this.#closings += 1;
    for (const track of this.stream.getTracks()) {
      track.stop();
      this.stream.removeTrack(track);
    }
    this.#level?.context.close();
    this.#level = null;
  }

  #listen() {
    this.#level?.context.close();
    const Context = window.AudioContext;
    if (!Context) return;
    const context = new Context();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(new MediaStream([this.track("audio")])).connect(analyser);
    this.#level = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }

  // 0 to 1, from the loudness of this moment; -60 dB and less is 0.
  level() {
    if (!this.#level) return 0;
    const { context, analyser, samples } = this.#level;
    if (context.state === "suspended") context.resume().catch(() => {});
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
    return Math.min(1, Math.max(0, 1 + (10 * Math.log10(power + 1e-12)) / 60));
  }
}
