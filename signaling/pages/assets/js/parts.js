// What several views show alike: the head, the strip of time, the plate with a name, a telephone line.

import { append, h, setAttr, setText, show } from "./dom.js";
import { icon, logo } from "./icons.js";
import { createBand, planOf } from "./band.js";
import { countdown, ms } from "./clock.js";
import { currentLanguage, hasText, sentences, t, tFirst } from "./text.js";
import { isOnPhone, isSupporter, nextMoment, observed, viewOf } from "./state.js";

const SKEW_MS = 120_000; // a clock that is wrong by less misleads nobody

export function languages(app) {
  const choice = (tag, word) =>
    h("button", { type: "button", lang: tag, "aria-current": currentLanguage() === tag ? "true" : null, onclick: () => app.do.speak(tag) }, word);
  return h("nav", { class: "lang", "aria-label": "言語 / Language" }, choice("ja", "日本語"), choice("en", "English"));
}

export function head(app) {
  return h("header", { class: "top" }, logo(t("site.name")), languages(app));
}

export const nameOf = (seat) => (["supporter", "scheduler"].includes(seat.role) ? seat.display_name : t("name.seeker", { name: seat.display_name }));

export const bandWords = () => ({
  doors: t("moment.doors"),
  start: t("moment.start"),
  cutoff: t("moment.cutoff"),
  maintenance: t("moment.maintenance"),
  end: t("moment.end"),
  planned: t("moment.planned"),
  ended: t("moment.ended"),
});

// A sentence, a figure and the band. size: "s" in a strip, "l" in the lobby; isLarge: a large figure as long as it tells when it begins
export function createUntil({ size = "s", names = false, gap, isLarge = false, level = "span" } = {}) {
  const what = h(level, { class: isLarge ? "" : "until__what" });
  const clock = h("span", { class: "until__clock num", dataset: { testid: "countdown" } });
  const band = createBand({ size, names, gap });
  const rest = h("span", { hidden: true });
  const until = h("div", { class: `until${isLarge ? " until--l" : ""}`, role: "timer", "aria-live": "off" }, what, isLarge ? h("p", {}, rest, clock) : clock);
  return {
    el: [until, h("div", { class: "until__band" }, band.el)],
    update(s, write) {
      const next = nextMoment(s);
      const left = next.at - s.now;
      const days = Math.floor(left / 86400000);
      // Who waits past the start is not shown a large figure that runs out: it is not they who use the time up.
      const isCalm = isLarge && next.word === "until.end";
      const isAwaiting = isCalm && !isOnPhone(s); // by telephone the page itself says what comes: it may ring already
      setText(what, t(isAwaiting ? "lobby.await" : next.word));
      setText(rest, t(next.word));
      show(rest, isAwaiting);
      until.classList.toggle("until--calm", isCalm);
      setText(clock, days >= 2 ? t("until.days", { days }) : countdown(left));
      const label = t("band.label", { start: write.moment(Date.parse(s.session.starts_at)), end: write.moment(Date.parse(s.session.ends_at)) });
      band.update(planOf(s.session, s.now, { words: bandWords(), write, label }));
    },
  };
}

export function strip(until) {
  return h("section", { class: "strip", "aria-label": t("strip.label") }, until.el);
}

// A wide button is a sign: words left, arrow right, where it leads.
export function sign(words, { onclick, testid, kind = "btn--go", shape = "arrow", small = "" } = {}) {
  const label = h("span", {}, words, small && h("small", { class: "sign__more" }, small));
  const button = h("button", { type: "button", class: `btn btn--wide ${kind}`, onclick, dataset: testid ? { testid } : {} }, label, shape && icon(shape));
  button.label = label;
  return button;
}

// A number that is called by pressing it.
export const dial = (number) => h("a", { href: `tel:${number.replace(/[^+\d]/g, "")}`, class: "num tel" }, number);

export function telephone({ s }, key = "help.telephone") {
  if (isSupporter(s)) return h("p", { class: "small quiet" }, t("help.staff")); // the number is the guests'
  const number = s.programme?.telephone ?? s.telephone;
  if (!number) return h("p", { class: "small quiet" }, t(s.you ? "help.no_telephone" : "help.unknown"));
  return h("p", { class: "small quiet help" }, h("span", {}, t(key)), " ", h("span", { class: "help__number" }, icon("phone", "i--s"), dial(number)));
}

// What to do about a refusal; the office's own people have no invitation with a number.
export const nextStep = (s, code) => tFirst([...(isSupporter(s) ? [`refusal.${code}.next_staff`] : []), `refusal.${code}.next`]);

// A refusal that the page survives, the word that the line is being mended, that maintenance will end it early, and who looks on.
export function createNotices(app) {
  const refused = h("div", { class: "note note--bad", role: "alert", hidden: true });
  const words = h("p");
  append(refused, [icon("bell"), words]);
  const line = h("p", { class: "mending", role: "status", hidden: true }, t("line.mending"));
  const done = h("div", { class: "note note--done", hidden: true, dataset: { testid: "told" } }, icon("tick"), h("p"));
  const { write } = app;
  const early = h("b");
  const earlyMore = h("span");
  const upkeep = h("div", { class: "note note--upkeep", role: "status", hidden: true, dataset: { testid: "upkeep" } }, icon("clock"), h("p", {}, early, earlyMore));
  const taken = createTaken(app);
  const blocked = h("div", { class: "note note--bad note--in", role: "alert", hidden: true, dataset: { testid: "blocked" } }, icon("cross"), h("p", {}, h("b", {}, t("blocked.title")), t("blocked.more")));
  const skew = h("b");
  const clock = h("div", { class: "note note--in", hidden: true, dataset: { testid: "skew" } }, icon("clock"), h("p", {}, skew, t("clock.more")));
  const observer = h("div", { class: "note", role: "status", hidden: true, dataset: { testid: "observer" } }, icon("bell"), h("p"));
  const zone = h("p", { class: "zone small", hidden: true, dataset: { testid: "zone" } });
  return {
    el: [line, refused, taken.el, done, upkeep, observer, blocked, clock, zone],
    update(s) {
      taken.update();
      const starts = ms(s.session.starts_at);
      const place = write.elsewhere(starts);
      show(zone, place !== "" && viewOf(s) !== "call");
      if (place) setText(zone, sentences(t("zone.note", { zone: place }), s.now < starts && ["door", "after"].includes(viewOf(s)) && t("zone.start", { time: write.here(starts) })));
      const isCall = viewOf(s) === "call"; // there the cover says it, and every line of height counts
      show(blocked, !s.canCall && !isCall && !isOnPhone(s));
      const minutes = Math.round(s.skew / 60000);
      show(clock, s.isOnline && !isCall && Math.abs(s.skew) >= SKEW_MS);
      if (!clock.hidden) setText(skew, t(minutes > 0 ? "clock.fast" : "clock.slow", { n: Math.abs(minutes) }));
      const watched = observed(s);
      show(observer, watched !== null);
      if (watched !== null) setText(observer.lastChild, t(watched.word, { name: watched.name }));
      const at = ms(s.session.maintenance_at);
      show(upkeep, at !== null);
      if (at !== null) {
        setText(early, t("upkeep.words", { time: write.moment(at) }));
        setText(earlyMore, t("upkeep.more", { end: write.moment(ms(s.session.ends_at)) }));
      }
      show(done, Boolean(s.told));
      if (s.told) setText(done.lastChild, t(s.told));
      show(line, !s.isOnline && s.lostAt !== null && s.now - s.lostAt > 1000);
      show(refused, s.notice !== null);
      setAttr(refused, "data-testid", s.notice === null ? null : "refusal");
      if (s.notice === null) return;
      refused.dataset.code = s.notice;
      const known = hasText(`refusal.${s.notice}`) ? s.notice : "unknown";
      setText(words, t(`refusal.${known}`) + t("list.stop") + nextStep(s, known));
    },
  };
}

// The system has taken camera or microphone away: what is so, and the way back where it does not come by itself.
function createTaken({ s, interruption, do: act }) {
  const what = h("b");
  const again = h("button", { type: "button", class: "btn btn--go", dataset: { testid: "take" }, onclick: () => act.take() }, t("devices.take"));
  const el = h("div", { class: "note note--bad taken", role: "alert", hidden: true, dataset: { testid: "taken" } }, icon("bell"), h("div", {}, h("p", {}, what, t("devices.taken_more")), again));
  return {
    el,
    update() {
      const kinds = ["lobby", "call"].includes(viewOf(s)) ? interruption.taken : [];
      show(el, kinds.length > 0);
      if (kinds.length) setText(what, t(kinds.length > 1 ? "devices.taken_both" : `devices.taken_${kinds[0]}`));
    },
  };
}
