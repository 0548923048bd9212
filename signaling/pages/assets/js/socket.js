// One connection to the server: hello, pong, silence, back-off (docs/protocol.md, Connecting).

import { watchNetwork } from "./network.js";

const BACK_OFF_S = [0.3, 0.6, 1.2, 2.4, 5];
const SOON_S = 0.1; // a network that has just come may need a moment
const SILENCE_S = 12;
const OPENING_S = [3, 6, 12]; // a way that does not answer may have been cut while it was asked; the next try asks anew
const AGAIN = new Set([1001, 1005, 1006, 1011, 1012, 1013, 1015, 4408, 4421]);

export class Socket {
  #web = null;
  #tries = 0;
  #timer = 0;
  #silence = 0;
  #heardAt = -Infinity;
  #isWanted = false;
  #isRenewed = false;

  // hello() gives the first message; onMessage(message), onOpen(), onLost(), onRefused(closeCode)
  constructor({ clock, hello, onMessage, onOpen, onLost, onRefused }) {
    Object.assign(this, { clock, hello, onMessage, onOpen, onLost, onRefused });
    watchNetwork(() => this.renew());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.hurry());
  }

  get isOpen() {
    return this.#web?.readyState === WebSocket.OPEN;
  }

  // When the server was last heard, on the clock of performance.now().
  get heardAt() {
    return this.#heardAt;
  }

  connect() {
    this.#isWanted = true;
    clearTimeout(this.#timer);
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const web = opened(`${scheme}://${location.host}/ws`);
    if (!web) return this.#again(1006);
    this.#web = web;
    this.#listen(OPENING_S[Math.min(this.#tries, OPENING_S.length - 1)]);
    web.onopen = () => {
      this.#listen();
      web.send(JSON.stringify(this.hello()));
      this.onOpen();
    };
    web.onmessage = (event) => {
      this.#heardAt = performance.now();
      this.#listen();
      this.#take(JSON.parse(event.data));
    };
    web.onclose = (event) => web === this.#web && this.#lose(event.code);
    return undefined;
  }

  // Something changed for the better: do not wait for the back-off.
  hurry() {
    if (!this.#isWanted || this.#web) return;
    this.#tries = 0;
    this.connect();
  }

  // Another network: the line that still looks open may be dead. The server gives the seat to the newest one.
  renew() {
    if (!this.#isWanted) return;
    this.#drop();
    this.onLost(1006);
    this.hurry();
    this.#isRenewed = true;
  }

  send(message) {
    if (!this.isOpen) return false;
    this.#web.send(JSON.stringify(message));
    return true;
  }

  // On purpose, and for good until connect() is called.
  close() {
    this.#isWanted = false;
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const web = this.#web;
    this.#web = null;
    web?.close(1000);
  }

  #listen(seconds = SILENCE_S) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lose(4408), seconds * 1000);
  }

  #take(message) {
    if (message.type === "welcome") this.clock.forget();
    if (message.server_time) this.clock.observe(message.server_time);
    if (message.type === "ping") {
      this.send({ type: "pong", server_time: message.server_time });
      return;
    }
    if (message.type === "welcome") this.#tries = 0;
    this.onMessage(message);
  }

  #drop() {
    const web = this.#web;
    this.#web = null;
    clearTimeout(this.#silence);
    if (!web) return;
    web.onopen = web.onmessage = web.onclose = null;
    web.close();
  }

  #lose(code) {
    if (!this.#web) return;
    this.#drop();
    if (!AGAIN.has(code)) {
      this.#isWanted = false;
      this.onRefused(code);
      return;
    }
    this.#again(code);
  }

  #again(code) {
    this.onLost(code);
    const wait = (this.#isRenewed ? SOON_S : BACK_OFF_S[Math.min(this.#tries, BACK_OFF_S.length - 1)]) * (0.8 + 0.4 * Math.random());
    this.#isRenewed = false;
    this.#tries += 1;
    this.#timer = setTimeout(() => this.connect(), wait * 1000);
  }
}

// Null where something forbids sockets: some blockers let the constructor throw.
function opened(url) {
  try {
    return new WebSocket(url);
  } catch {
    return null;
  }
}
