// The secret in an address, as far as it has come through mail programs and copying: mended where that is safe, else with a guess at what happened.

const SECRET = 22; // characters: 128 bits in Base64

// length: of the whole secret. Returns {secret, flaw}; flaw: "missing", "cut", "long", or null. The server alone knows whether it is right.
export function readSecret(hash, length = SECRET) {
  // A line that was broken in two, a full stop or a bracket behind it, letters of full width.
  const text = decoded(hash.replace(/^#/, "")).normalize("NFKC").replace(/[\s\p{Cf}]/gu, "");
  const run = /^[A-Za-z0-9_-]*/.exec(text)[0];
  if (!run) return { secret: "", flaw: text ? "long" : "missing" };
  const flaw = run.length < length ? "cut" : text.length > length ? "long" : null;
  return { secret: run.slice(0, length), flaw };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself, or half of one
  }
}
