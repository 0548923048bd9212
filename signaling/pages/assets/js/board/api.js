// The HTTP API with the staff token (docs/api.md). A refusal has a stable code, and becomes a sentence here.

import { hasText, pick, t, tFirst } from "../text.js";

const PATIENCE_MS = 20000;
const PREFIX = "/api/v1";

export class Refusal extends Error {
  // said: what the server wrote beside the code
  constructor(code, said = {}) {
    super(code);
    this.code = code;
    this.said = said;
  }

  // What is so.
  get sentence() {
    if (hasText(`board.refusal.${this.code}`)) return t(`board.refusal.${this.code}`);
    return pick(this.said.sentence) || t(hasText(`refusal.${this.code}`) ? `refusal.${this.code}` : "board.refusal.unknown");
  }

  // What to do now.
  get next() {
    if (hasText(`board.refusal.${this.code}.next`)) return t(`board.refusal.${this.code}.next`);
    if (hasText(`refusal.${this.code}.next_staff`)) return t(`refusal.${this.code}.next_staff`);
    return pick(this.said.next) || tFirst([`refusal.${this.code}.next`, "board.refusal.unknown.next"]);
  }
}

export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  get = (path) => this.#ask("GET", path);
  post = (path, body = null, headers = {}) => this.#ask("POST", path, body, headers);
  remove = (path) => this.#ask("DELETE", path);

  async #ask(method, path, body = null, more = {}) {
    const headers = { Authorization: `Bearer ${this.#token}`, ...more };
    if (body !== null) headers["Content-Type"] = "application/json";
    let answer;
    let said;
    try {
      answer = await fetch(PREFIX + path, { method, headers, body: body === null ? null : JSON.stringify(body), signal: AbortSignal.timeout(PATIENCE_MS) });
      said = await answer.json();
    } catch {
      // Whether it was done is not known: the words say so.
      throw new Refusal(answer ? "unknown" : "offline");
    }
    if (answer.ok) return said;
    throw new Refusal(said.error?.code ?? "unknown", said.error ?? {});
  }
}

// The words of a refusal, where something was asked for.
export const asRefusal = (error) => {
  if (error instanceof Refusal) return error;
  throw error;
};
