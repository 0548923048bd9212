// Put into a page after watch.js: what its newest media connection has counted; null where the browser does not count it.
(() => {
  window.counts = {
    read: async () => {
      const read = { decoded: 0, sent: 0, voices: 0, frozen: null, frozen_s: null, concealed: 0, samples: 0, video_bytes: 0, audio_bytes: 0, width: 0, lost: 0 };
      const stats = await window.watch.peers.at(-1)?.getStats();
      for (const stat of stats?.values() ?? []) {
        if (stat.type === "inbound-rtp") read.lost += stat.packetsLost ?? 0;
        if (stat.type === "inbound-rtp" && stat.kind === "video") {
          read.decoded += stat.framesDecoded ?? 0;
          read.frozen = stat.freezeCount ?? null;
          read.frozen_s = stat.totalFreezesDuration ?? null;
          read.video_bytes += stat.bytesReceived ?? 0;
          read.width = stat.frameWidth ?? 0;
        } else if (stat.type === "inbound-rtp") {
          read.concealed += Math.max(0, (stat.concealedSamples ?? 0) - (stat.silentConcealedSamples ?? 0));
          read.samples += stat.totalSamplesReceived ?? 0;
          read.voices += stat.totalAudioEnergy > 0;
          read.audio_bytes += stat.bytesReceived ?? 0;
        } else if (stat.type === "outbound-rtp" && stat.kind === "video") {
          read.sent += stat.framesSent ?? stat.framesEncoded ?? 0;
        }
      }
      return read;
    },
  };
})();
