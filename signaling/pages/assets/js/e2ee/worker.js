// Seals what leaves and opens what comes, frame by frame, off the page's thread. What has no key goes nowhere: a frame
// that cannot be sealed is not sent, one that cannot be opened is not shown (docs/protocol.md, End-to-end encryption).

import { Opener, Sealer, isSealed } from "./frames.js";

const sealer = new Sealer();
const openers = new Map(); // seat: Opener
const pipes = new Map(); // id: {side, kind, seat, isBound, sharer, came, passed, transformer}
let isPlain = false; // somebody in the room cannot: everybody goes without

self.onrtctransform = ({ transformer }) => {
  const { id, side, kind } = transformer.options;
  const pipe = { side, kind, seat: null, isBound: false, sharer: null, came: 0, passed: 0, transformer };
  pipes.set(id, pipe);
  const change = side === "up" ? up : down;
  const transform = async (frame, controller) => {
    pipe.came += 1;
    const data = await change(pipe, new Uint8Array(frame.data)).catch(() => null);
    if (!data) return;
    frame.data = data.buffer;
    controller.enqueue(frame);
    pipe.passed += 1;
    if (pipe.passed === 1) self.postMessage({ passes: id });
  };
  const isOver = () => pipes.delete(id);
  transformer.readable.pipeThrough(new TransformStream({ transform })).pipeTo(transformer.writable).then(isOver, isOver);
  self.postMessage({ started: id });
};

async function up(pipe, data) {
  if (isPlain) return data;
  return sealer.isReady ? sealer.seal(pipe.kind, data) : null;
}

async function down(pipe, data) {
  if (isPlain && !isSealed(data)) return data;
  if (pipe.kind === "screen") return openByAny(pipe, data);
  return pipe.seat === null ? null : openerOf(pipe.seat).open(pipe.kind, data);
}

// Whoever shares a screen: the key that opens it says who it is.
async function openByAny(pipe, data) {
  const tries = [...openers].map(async ([seat, opener]) => [seat, await opener.open("screen", data)]);
  const [seat, opened] = await Promise.any(tries);
  if (pipe.sharer !== seat) self.postMessage({ sharer: (pipe.sharer = seat) });
  return opened;
}

function openerOf(seat) {
  if (!openers.has(seat)) openers.set(seat, new Opener());
  return openers.get(seat);
}

// Whoever could not use the frames so far needs a whole picture to begin with.
function beginAnew(isMeant) {
  for (const pipe of pipes.values()) {
    if (pipe.kind === "audio" || !isMeant(pipe)) continue;
    const { transformer } = pipe;
    const asked = pipe.side === "up" ? transformer.generateKeyFrame?.() : transformer.sendKeyFrameRequest?.();
    asked?.catch(() => {}); // nothing is sent there now
  }
}

const TAKE = {
  seal({ epoch, key }) {
    const isFirst = !sealer.isReady;
    sealer.use(epoch, key);
    if (isFirst) beginAnew((pipe) => pipe.side === "up");
  },
  open({ seat, epoch, key }) {
    openerOf(seat).learn(epoch, key);
    beginAnew((pipe) => pipe.side === "down" && [seat, null].includes(pipe.seat) && pipe.passed < pipe.came);
  },
  forget({ before }) {
    for (const opener of openers.values()) opener.forgetBefore(before);
  },
  hush() {
    sealer.forget();
  },
  reset() {
    sealer.forget();
    openers.clear();
  },
  mode({ plain }) {
    isPlain = plain;
    beginAnew((pipe) => pipe.side === "up");
  },
  // Once: whose stream it is does not change, whatever a later offer says.
  bind({ id, seat, kind }) {
    const pipe = pipes.get(id);
    if (pipe && !pipe.isBound) Object.assign(pipe, { seat, kind, isBound: true });
  },
  count() {
    self.postMessage({ counts: [...pipes].map(([id, { side, came, passed }]) => ({ id, side, came, passed })) });
  },
};

self.onmessage = ({ data }) => TAKE[data.type](data);
