// What lies over the picture while there is none: what is, what to do, until when.

import { h, keyed, setAttr, setText, setVar, show } from "../dom.js";
import { countdown, ms } from "../clock.js";
import { t } from "../text.js";
import { awayAs, can, endsAt, isLost, keptUntil, listed, me, offers, other, waitedUntil } from "../state.js";
import { nameOf, sign, telephone } from "../parts.js";

export function createCover(app) {
  const { s, write } = app;
  const title = h("h2", { class: "cover__title", id: "cover-title" });
  const words = h("p", { class: "cover__words" });
  const what = h("span", { class: "until__what" });
  const clock = h("span", { class: "until__clock num" });
  const fill = h("i");
  const bar = h("div", { class: "grace__bar", "aria-hidden": "true" }, fill);
  const grace = h("div", { class: "grace", hidden: true }, h("div", { class: "until" }, what, clock), bar);
  const known = h("dl", { class: "facts cover__facts", hidden: true });
  const again = sign(t("cover.retry"), { onclick: () => app.do.hurry() });
  const release = sign(t("cover.release"), { onclick: () => app.do.release(), kind: "" });
  const ways = createWays(app);
  const another = sign(t("cover.another_date"), { onclick: () => app.do.askAnotherDate(), kind: "" });
  const help = telephone(app);
  const el = h("section", { class: "cover", hidden: true, "aria-live": "polite", "aria-labelledby": "cover-title" }, title, words, grace, known, h("div", { class: "cover__do" }, ways.el, again, release, another, help));

  return {
    el,
    update() {
      const state = stateOf(app);
      show(el, state !== null);
      if (state === null) return;
      setAttr(el, "data-state", state.name);
      const name = nameOf(other(s));
      setText(title, t(titleOf(state.name), { name }));
      setText(words, t(state.name === "blocked" ? "blocked.more" : `cover.${state.name}.more`, { time: write.moment(endsAt(s.session)) }));
      show(grace, state.until > s.now);
      if (state.until > s.now) {
        const isKept = state.until === ms(s.session.kept_until);
        const word = state.name === "offline" ? "cover.kept_until" : isKept ? "cover.office_keeps" : "cover.waits_until";
        setText(what, t(word, { time: isKept ? write.moment(state.until) : write.exact(state.until) }));
        show(bar, !isKept); // a line that stands full for a quarter of an hour says nothing
        setText(clock, countdown(state.until - s.now));
        setVar(fill, "share", Math.min(1, (state.until - s.now) / (s.programme.grace_s * 1000)).toFixed(3));
      }
      show(known, state.name === "offline");
      if (state.name === "offline") keyed(known, `${navigator.onLine}|${s.lostAt}`, () => factsOf(app));
      ways.update(state.name);
      show(again, state.name === "offline");
      show(another, Boolean(s.session.question) && can(s, "another_date") && !can(s, "wait"));
      show(release, can(s, "release_seat"));
      show(help, ["blocked", "missing", "offline", "other_lost"].includes(state.name));
      // What does not fit is read with the arrow keys.
      setAttr(el, "tabindex", el.scrollHeight > el.clientHeight || document.activeElement === el ? "0" : null);
    },
  };

  function titleOf(what) {
    if (what === "blocked") return "blocked.title";
    if (what === "other_lost") return `cover.other_${awayAs(other(s))}`;
    const hasSound = ["connecting", "missing", "picture_lost"].includes(what) && !offers(s, "video");
    return hasSound ? `cover.${what}.sound` : `cover.${what}`;
  }
}

// While offline: what this device knows, and nothing of the other person.
function factsOf({ s, write }) {
  const them = other(s);
  const row = (term, words, more) => h("div", {}, h("dt", {}, term), h("dd", {}, words, h("small", {}, more)));
  return [
    row(t(`role.${them.role}`), nameOf(them), t("cover.offline.them")),
    row(t("cover.offline.device"), t(navigator.onLine ? "cover.offline.no_server" : "cover.offline.no_network"), t("cover.offline.since", { time: write.exact(s.lostAt ?? s.now) })),
    row(t("cover.offline.end"), h("span", { class: "num" }, write.moment(endsAt(s.session))), t("cover.offline.end_more")),
  ];
}

// Nothing flows: again, by sound only, by telephone (product.md, Live needs media). Either of the two may choose.
function createWays(app) {
  const { s } = app;
  const retry = sign(t("missing.retry"), { testid: "media-retry", onclick: () => app.do.renewMedia() });
  const sound = sign(t("menu.audio"), { testid: "media-audio", kind: "", shape: "sound", onclick: () => app.do.switchMedium("audio") });
  const phone = sign(t("menu.phone"), { testid: "media-phone", kind: "", shape: "phone", small: t("menu.phone_more"), onclick: () => app.do.switchMedium("phone") });
  return {
    el: [retry, sound, phone],
    update(state) {
      const isShown = state === "missing" || state === "blocked";
      show(retry, state === "missing" && can(s, "renew_media"));
      show(sound, state === "missing" && can(s, "switch_medium") && s.session.medium === "video" && listed(s, "audio"));
      show(phone, isShown && can(s, "switch_medium"));
    },
  };
}

// Say only what the device knows: while offline, nothing about the other person.
function stateOf({ s, peer, quality, devices }) {
  if (s.isTimeUp) return { name: "time_up", until: 0 };
  if (!s.isOnline && (!peer.isAlive || quality.word === "lost")) return { name: "offline", until: keptUntil(s, s.lostAt ?? s.now) };
  if (!s.isOnline) return null;
  const them = other(s);
  if (isLost(them)) return { name: them.presence === "at_door" ? "other_back" : "other_lost", until: waitedUntil(s, them) ?? 0 };
  if (me(s)?.is_lost) return { name: "picture_lost", until: waitedUntil(s, me(s)) ?? 0 };
  if (!s.canCall) return { name: "blocked", until: 0 };
  // Who has nothing to send still sees and hears; what is missing the other one is told.
  const isListening = peer.isAlive && !devices.hasAny && peer.remote.get(them.seat)?.getTracks().some((track) => !track.muted);
  if (s.session.is_media_missing && !isListening) return { name: "missing", until: 0 };
  if (!peer.isAlive) return { name: "connecting", until: 0 };
  return null;
}
