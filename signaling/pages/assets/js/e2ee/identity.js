// Who this page is to the others: an X25519 key that lives as long as the tab, and the codes that it has agreed on.

import { base64, fromBase64 } from "./bytes.js";

const X25519 = { name: "X25519" };
// A third and a fourth one come and go, and the code of who stays is what it was. More of them would help who stands in
// between: a new code on one side may be like any that is remembered on the other.
export const CODES_KEPT = 4;

export class Identity {
  made = 0; // new codes since the page was loaded
  #private;
  #codes;
  #keep;

  constructor(isPrivate, isPublic, codes, keep) {
    this.#private = isPrivate;
    this.public = isPublic; // 32 bytes
    this.#codes = codes;
    this.#keep = keep;
  }

  // storage: sessionStorage, or anything like it; name: under which it is kept. A reload finds the same identity.
  static async of(storage, name) {
    const kept = read(storage, name);
    let jwk = kept?.jwk;
    let key = jwk && (await crypto.subtle.importKey("jwk", jwk, X25519, false, ["deriveBits"]).catch(() => null));
    if (!key) {
      const pair = await crypto.subtle.generateKey(X25519, true, ["deriveBits"]);
      jwk = await crypto.subtle.exportKey("jwk", pair.privateKey);
      key = pair.privateKey;
    }
    const codes = key && kept?.jwk === jwk ? new Map(kept.codes) : new Map();
    const keep = () => write(storage, name, { jwk, codes: [...codes] });
    keep();
    const isPublic = fromBase64(jwk.x.replaceAll("-", "+").replaceAll("_", "/"), 32);
    return new Identity(key, isPublic, codes, keep);
  }

  // The bits that only this page and the holder of that public key can compute; throws for a key that is none.
  async shared(isPublic) {
    const theirs = await crypto.subtle.importKey("raw", isPublic, X25519, false, []);
    return crypto.subtle.deriveBits({ name: "X25519", public: theirs }, this.#private, 256);
  }

  // What the codes that are remembered were made of.
  get codes() {
    return [...this.#codes.values()];
  }

  // group: digest of everybody's seat and identity; source: what its code was made of.
  remembered(group) {
    return this.#codes.get(base64(group)) ?? null;
  }

  remember(group, source) {
    this.#codes.delete(base64(group));
    this.#codes.set(base64(group), source);
    for (const old of [...this.#codes.keys()].slice(0, -CODES_KEPT)) this.#codes.delete(old);
    this.#keep();
  }
}

function read(storage, name) {
  try {
    return JSON.parse(storage.getItem(name));
  } catch {
    return null; // storage is closed, or holds something else: a new identity, a new code
  }
}

function write(storage, name, value) {
  try {
    storage.setItem(name, JSON.stringify(value));
  } catch {
    // it holds for this page alone
  }
}
