// Put into every page before its own scripts: looks at its media connections, and can make it a page that does not obey.
(() => {
  const Native = window.RTCPeerConnection;
  const peers = [];
  const close = Native.prototype.close;
  const stop = MediaStreamTrack.prototype.stop;
  const watch = { peers, probes: [], isStubborn: false, detour: null, sockets: [] };

  // Those of calls: what the check measures with is kept apart, and what is only tried out never gets an offer.
  const note = (pc) => {
    const list = document.body.dataset.view === "check" ? watch.probes : peers;
    if (!list.includes(pc)) list.push(pc);
  };

  window.RTCPeerConnection = class extends Native {
    // The way to the media worker leads through the test's relay, if there is one.
    setRemoteDescription(description) {
      note(this);
      if (!watch.detour || !description?.sdp) return super.setRemoteDescription(description);
      const { port, relay } = watch.detour;
      return super.setRemoteDescription({ type: description.type, sdp: description.sdp.replaceAll(` ${port} typ host`, ` ${relay} typ host`) });
    }
  };
  Native.prototype.close = function () {
    if (!watch.isStubborn) close.call(this);
  };
  MediaStreamTrack.prototype.stop = function () {
    if (!watch.isStubborn) stop.call(this);
  };

  // Nor does it let go of its keys.
  const post = Worker.prototype.postMessage;
  Worker.prototype.postMessage = function (...args) {
    if (!watch.isStubborn) post.apply(this, args);
  };

  const NativeSocket = window.WebSocket;
  window.WebSocket = class extends NativeSocket {
    constructor(...args) {
      super(...args);
      watch.sockets.push(this);
      this.heard = [];
      this.addEventListener("message", (event) => this.heard.push(event.data));
    }
    // What the check would measure with is noise in the clear: where every frame is looked at, it is not asked for.
    send(text) {
      if (!watch.isUnmeasured || JSON.parse(text).type !== "probe") super.send(text);
    }
  };

  // What the newest connection has carried so far; nulls become 0.
  watch.read = async () => {
    const sum = { peers: peers.length, state: null, frames: 0, energy: 0, received: 0, sent: 0, remote: null, local: null };
    const pc = peers.at(-1);
    if (!pc) return sum;
    sum.state = pc.connectionState;
    const report = await pc.getStats();
    for (const stat of report.values()) {
      if (stat.type === "inbound-rtp") {
        sum.received += stat.packetsReceived ?? 0;
        if (stat.kind === "video") sum.frames += stat.framesDecoded ?? 0;
        else sum.energy += stat.totalAudioEnergy ?? 0;
      } else if (stat.type === "outbound-rtp") {
        sum.sent += stat.packetsSent ?? 0;
      } else if (stat.type === "transport" && stat.selectedCandidatePairId) {
        const pair = report.get(stat.selectedCandidatePairId);
        const [there, here] = [report.get(pair.remoteCandidateId), report.get(pair.localCandidateId)];
        sum.remote = `${there.address}:${there.port}`;
        sum.local = `${here.address}:${here.port}`;
      }
    }
    return sum;
  };

  // What the person sees: frames that an element has shown, 0 while it is paused or absent. Counted here too, since this
  // was first asked: a Firefox without a screen says 0 of a stream.
  const framesOf = new WeakMap();
  watch.frames = (video) => {
    if (!video || video.paused || video.videoWidth === 0) return 0;
    if (!framesOf.has(video)) {
      const count = () => {
        framesOf.set(video, framesOf.get(video) + 1);
        video.requestVideoFrameCallback(count);
      };
      framesOf.set(video, -1);
      count();
    }
    return Math.max(framesOf.get(video), video.getVideoPlaybackQuality().totalVideoFrames);
  };
  watch.shown = () => watch.frames(document.querySelector("[data-testid=remote-video]"));

  window.watch = watch;
})();
