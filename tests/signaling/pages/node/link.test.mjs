// What mail programs and copying do to a link: mended where that is safe, else a guess at what happened.

import assert from "node:assert/strict";
import test from "node:test";

import { readSecret } from "../../../../signaling/pages/assets/js/link.js";

const SECRET = "aB3_-x0123456789ABCDEF"; // 22 characters

test("a whole link is taken as it is", () => {
  assert.deepEqual(readSecret(`#${SECRET}`), { secret: SECRET, flaw: null });
});

test("breaks, spaces and letters of full width are mended without a word", () => {
  for (const hash of [`#${SECRET.slice(0, 9)}%0A ${SECRET.slice(9)}`, `#${SECRET}%20`, `# ${SECRET}`, `#${SECRET.slice(0, 5)}\u00ad${SECRET.slice(5)}\u200b`, `#${SECRET.replace("3", "３")}`]) {
    assert.deepEqual(readSecret(hash), { secret: SECRET, flaw: null }, hash);
  }
});

test("what a sentence leaves behind the link is cut off, and remembered", () => {
  for (const behind of ["。", ")", "%3E", "。までお越しください", "?utm_source=mail", "%"]) {
    assert.deepEqual(readSecret(`#${SECRET}${behind}`), { secret: SECRET, flaw: "long" }, behind);
  }
});

test("a link that is cut off is known by its length", () => {
  assert.equal(readSecret(`#${SECRET.slice(0, 12)}`).flaw, "cut");
  assert.equal(readSecret(`#${SECRET.slice(0, 12)}...`).flaw, "cut");
});

test("no secret at all", () => {
  assert.deepEqual(readSecret(""), { secret: "", flaw: "missing" });
  assert.deepEqual(readSecret("#"), { secret: "", flaw: "missing" });
  assert.deepEqual(readSecret("#%20"), { secret: "", flaw: "missing" });
  assert.equal(readSecret("#。").flaw, "long");
});

test("a staff token is four characters longer", () => {
  assert.deepEqual(readSecret(`#mdg_${SECRET}%20`, 26), { secret: `mdg_${SECRET}`, flaw: null });
});
