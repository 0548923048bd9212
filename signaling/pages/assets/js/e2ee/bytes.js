// Bytes for the wire and for hashing. Pure; runs in a page, in a worker and under node.

const TEXT = new TextEncoder();

export const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

// Throws on what is not base64 or has another length: what comes from others is not trusted.
export function fromBase64(text, length) {
  const bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes instead of ${length}`);
  return bytes;
}

// Each part with its length before it, so that no two lists of parts give the same bytes.
export function joined(...parts) {
  const all = parts.map((part) => (typeof part === "string" ? TEXT.encode(part) : part));
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of all) {
    view.setUint32(at, part.length);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  return bytes;
}

export const digest = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", joined(...parts)));

export const isEqual = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
