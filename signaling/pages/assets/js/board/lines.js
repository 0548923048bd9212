// How the lines of a session are now: what the media worker measured in the last seconds, and what the pages tell of the last minute.

import { h } from "../dom.js";
import { t } from "../text.js";

const UNKNOWN = "–";

// lines: of the API; nameOf(seat)
export const linesOf = (lines, nameOf) => h("ul", { class: "lines small", dataset: { testid: "lines" } }, lines.map((one) => line(one, nameOf(one.seat))));

function line({ seat, measured, told }, name) {
  const now = measured.at(-1) ?? {};
  const page = told.at(-1) ?? {};
  const frozen = told.map((one) => one.frozen_s).filter((s) => s !== null);
  return h(
    "li",
    { dataset: { seat } },
    h("b", {}, name),
    h("p", { class: "num" }, t("board.line.up", { loss: percent(now.loss_up), rate: kilobits(now.up_bps) }), h("br"), t("board.line.down", { loss: percent(now.loss_down), rate: kilobits(now.down_bps) })),
    h("p", { class: "num" }, t("board.line.times", { rtt: whole(now.rtt_ms ?? page.rtt_ms), jitter: whole(now.jitter_ms) })),
    h("p", { class: "num" }, t("board.line.seen", { missing: percent(page.missing), frozen: frozen.length ? whole(frozen.reduce((sum, s) => sum + s, 0)) : UNKNOWN })),
  );
}

const whole = (value) => (typeof value === "number" ? String(Math.round(value)) : UNKNOWN);
const percent = (share) => whole(typeof share === "number" ? 100 * share : null);
const kilobits = (bps) => whole(typeof bps === "number" ? bps / 1000 : null);
