// The head of the call: the time that is left and the band, next to the camera; the supporter also sees with whom.

import { h, keyed, setAttr, setText, show } from "../dom.js";
import { icon, phaseShape, plate } from "../icons.js";
import { countdown } from "../clock.js";
import { t } from "../text.js";
import { endsAt, isSupporter, other, warningOf } from "../state.js";
import { bandWords, createNotices, nameOf } from "../parts.js";
import { createBand, lostIn, planOf } from "../band.js";
import { createNextNote } from "./nextnote.js";
import { createSecrecy } from "./secrecy.js";
import { createConnection } from "./self.js";

// foot: the word on encryption goes there while hasFoot(), for there is room beside the picture
export function createTop(app, { foot = null, hasFoot = () => false } = {}) {
  const { s, write } = app;
  const isStaff = isSupporter(s);
  const countdownEl = h("b", { class: "num", dataset: { testid: "countdown" }, role: "timer", "aria-live": "off" });
  const until = h("span", { class: "quiet num" });
  const left = h("span", { class: "left" }, h("span", {}, t("call.left")), countdownEl, until);
  const band = createBand(isStaff ? { names: true, gap: 0.09 } : { size: "s" });
  const words = { ...bandWords(), warning: isStaff && ((n) => t("moment.warning", { n })) };
  const connection = createConnection(app);
  const secrecy = createSecrecy(app, { isBrief: () => isStaff && !hasFoot() });
  const notices = createNotices(app);
  const warning = h("b");
  const warningMore = h("span");
  const warn = h("div", { class: "warn", role: "status", hidden: true, dataset: { testid: "warning" } }, icon("clock"), h("p", {}, warning, warningMore));
  const next = createNextNote(app);
  const head = isStaff ? h("h1", { tabindex: "-1" }, nameOf(other(s))) : h("h1", { class: "vh", tabindex: "-1" }, t("call.title"));
  const phase = h("span", { class: "phase" });
  const meta = h("div", { class: "call__meta" }, phase, connection.el);
  const row = isStaff
    ? [h("div", { class: "call__row" }, h("div", { class: "call__who" }, plate(s.you.display_name), head), left, band.el, meta)]
    : [head, h("div", { class: "call__row" }, left, connection.el), band.el, secrecy.el];
  return {
    el: h("header", { class: "call__top" }, row, warn, notices.el, next.el),
    focus: head,
    update() {
      const end = write.moment(endsAt(s.session));
      setText(countdownEl, countdown(endsAt(s.session) - s.now));
      setText(until, t("call.until", { time: end }));
      connection.update();
      secrecy.update();
      notices.update(s);
      next.update();
      if (isStaff) updateStaff();
      // Offline, nobody knows how it is with the other person's line.
      const lost = s.lostAt === null ? lostIn(s.session) : [{ from: s.lostAt, to: null }];
      band.update(planOf(s.session, s.now, { words, write, from: "start", lost, label: t("call.band", { time: end }) }));
      const span = warningOf(s);
      show(warn, span !== null);
      if (span === null) return;
      setText(warning, t(span >= 60 ? "warning.minutes" : "warning.seconds", { n: span >= 60 ? Math.round(span / 60) : span }));
      setText(warningMore, t("warning.more", { time: end }));
    },
  };

  function updateStaff() {
    const place = hasFoot() ? foot : meta;
    if (secrecy.el.parentElement !== place) place.append(secrecy.el);
    show(phase, s.isOnline);
    setAttr(phase, "data-phase", s.session.phase);
    keyed(phase, s.session.phase, () => [phaseShape(s.session.phase), t(s.session.phase === "interrupted" ? "call.interrupted" : "call.title")]);
  }
}
