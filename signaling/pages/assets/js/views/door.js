// The invitation and what is to be agreed on: one page, one box to tick.

import { h, setAttr, setText, show } from "../dom.js";
import { icon, plate } from "../icons.js";
import { ms } from "../clock.js";
import { hasText, pick, sentences, t, tFirst } from "../text.js";
import { byRole, can, endsAt, hasJoined, isAgreed, isObserver, isOnPhone, isSeeker, isSupporter, me } from "../state.js";
import { createNotices, createUntil, dial, head, sign, strip, telephone } from "../parts.js";
import { createTerms } from "./terms.js";

export function create(app) {
  const { s, write } = app;
  const until = createUntil();
  const notices = createNotices(app);
  const box = h("input", { type: "checkbox", dataset: { testid: "consent" }, onchange: onTick });
  const missing = h("p", { class: "small hot", role: "alert", id: "consent-missing", hidden: true }, t("door.consent_missing"));
  const full = createTerms(app);
  const consent = h("div", { class: "sheet" }, h("label", { class: "tick" }, box, h("span", {}, h("b", {}, t("door.consent")), h("small", {}, pick(s.programme.terms_text), " ", terms(s)))), missing, full.el);
  const go = sign("", { testid: "continue", onclick: onContinue });
  const late = h("button", { type: "button", class: "btn btn--plain", "aria-haspopup": "dialog", onclick: () => app.do.openSheet("notice") }, t("door.give_notice"));
  const wordWords = h("span");
  const word = h("div", { class: "note note--told", hidden: true, dataset: { testid: "notice" } }, icon("tick"), h("p", {}, h("b", {}, t("door.notice")), wordWords));
  // Where the button was: what it did is read there, wherever the page stands.
  const heardWords = h("span");
  const heard = h("p", { class: "small help heard", role: "status", tabindex: "-1", hidden: true, dataset: { testid: "notice-heard" } }, icon("tick", "i--s"), heardWords);
  const trouble = h("small");
  const flow = h("ol", { class: "line" });
  const h1 = h("h1", { tabindex: "-1" }, isSupporter(s) ? t("door.title_supporter") : pick(s.programme.title));

  function onTick() {
    app.do.tick(box.checked);
    tellMissing(false);
  }

  function onContinue() {
    if (hasJoined(s)) return app.do.returnToLobby();
    if (!box.checked) {
      tellMissing(true);
      box.focus({ preventScroll: true });
      consent.scrollIntoView({ block: "center" }); // the sentence under it too, above the sign
      return;
    }
    return app.do.agree();
  }

  // What was agreed to before is still so; who has joined has told the office, and looks at it again.
  function updateConsent() {
    const isDone = hasJoined(s);
    const isTicked = isDone || isAgreed(s);
    if (box.checked !== isTicked) box.checked = isTicked;
    setAttr(box, "disabled", isDone);
    setText(go.label, t(isDone ? "end.back_lobby" : isOnPhone(s) ? "door.continue_phone" : "door.continue"));
  }

  function tellMissing(isMissing) {
    show(missing, isMissing);
    consent.classList.toggle("is-missing", isMissing);
    setAttr(box, "aria-invalid", isMissing);
    setAttr(box, "aria-describedby", isMissing && missing.id);
  }

  function updateNotice() {
    if (s.notice !== null || !s.isOnline) s.isGivingNotice = false;
    show(late, can(s, "give_notice"));
    setAttr(late, "disabled", s.isGivingNotice);
    const told = isSeeker(s) ? s.session.notices.seeker : null;
    show(word, told !== null);
    show(heard, told !== null);
    setText(trouble, sentences(s.programme.telephone_hours && pick(s.programme.telephone_hours) + t("list.stop"), told === null && t("door.trouble_more")));
    if (told === null) return;
    const time = write.moment(ms(told.until));
    setText(wordWords, t("door.notice_words", { time }));
    setText(heardWords, t("door.notice_heard", { time }));
    if (s.isGivingNotice && [document.body, late].includes(document.activeElement)) heard.focus({ preventScroll: true }); // the pressed button is gone
    s.isGivingNotice = false;
  }

  const el = h(
    "div",
    { class: "phone" },
    head(app),
    strip(until),
    h(
      "main",
      {},
      h("section", { class: "pad intro" }, h("p", { class: "step" }, t(isOnPhone(s) ? "title.door" : "door.step")), h("p", { class: "small quiet" }, pick(s.programme.office)), h1, when(app), partner(app)),
      notices.el,
      word,
      !isSupporter(s) && h("section", { class: "pad-s flow" }, h("h2", {}, t("door.flow")), flow),
      h("section", { class: "sec" }, h("h2", {}, t("door.promises")), h("div", { class: "sheet" }, h("ul", { class: "promises" }, s.programme.attestations.map((key) => promise(key, s))))),
      h("section", { class: "sec pad-s" }, h("div", { class: "note" }, icon("lock"), h("p", {}, h("b", {}, t(isOnPhone(s) ? "door.recording_phone" : "door.recording")), sentences(t(recordingWords(s)), !isOnPhone(s) && t(`door.sealed.${s.programme.e2ee}`))))),
      h("section", { class: "sec" }, consent),
      h("section", { class: "sec facts-sec" }, h("div", { class: "sheet" }, facts(app, trouble))),
    ),
    h("footer", { class: "actbar" }, go, late, heard, !isSupporter(s) && telephone(app, "door.disagree")),
  );

  return {
    el,
    focus: h1,
    update() {
      until.update(s, write);
      notices.update(s);
      updateConsent();
      full.update();
      updateNotice();
      if (!isSupporter(s)) updateFlow(flow, app);
    },
  };
}

function when({ s, write }) {
  const [start, end] = [ms(s.session.starts_at), ms(s.session.ends_at)];
  return h("p", { class: "when" }, h("em", {}, write.day(start)), h("b", { class: "num" }, `${write.moment(start)}–${write.moment(end)}`));
}

function partner({ s }) {
  if (isSupporter(s)) {
    return h("div", { class: "who" }, h("p", {}, h("span", { class: "small quiet" }, t("role.seeker")), h("br"), h("b", {}, t("name.seeker", { name: byRole(s, "seeker").display_name }))));
  }
  const name = byRole(s, "supporter").display_name;
  const counter = h("div", { class: "who" }, plate(name, "plate--l"), h("p", {}, h("span", { class: "small quiet" }, t("door.partner")), h("br"), h("b", {}, name)));
  // A companion is told whose consultation it is.
  return isSeeker(s) || isObserver(s) ? counter : [counter, h("p", { class: "companion" }, t("door.companion", { name: byRole(s, "seeker").display_name }))];
}

function promise(key, s) {
  const isKnown = hasText(`attestation.${key}`);
  return h("li", {}, icon("tick"), h("span", {}, h("b", {}, isKnown ? t(`attestation.${key}`) : key), isKnown && h("small", {}, t(`attestation.${key}.more`)), key === "declared_companions" && declared(s)));
}

// Who sits beside the seeker is named where one promises that nobody else does (KUMAGAYA 12(3)).
function declared({ session }) {
  const names = session.beside.join(t("list.and"));
  return h("small", { class: "beside", dataset: { testid: "beside" } }, names ? t("beside.who", { names }) : t("beside.nobody"));
}

function terms(s) {
  const version = t("door.terms_version", { version: s.programme.terms_version });
  if (!s.programme.terms_url) return s.programme.has_full_terms ? version : sentences(version, t("door.terms_ask"));
  return [version, "　", h("a", { href: s.programme.terms_url, target: "_blank", rel: "noopener noreferrer" }, t("door.terms_read"))];
}

function recordingWords(s) {
  if (isOnPhone(s)) return "door.recording_words_phone";
  return s.programme.watermark ? "door.recording_words_mark" : "door.recording_words";
}

// trouble: what stands under the number
function facts({ s }, trouble) {
  const row = (term, words, more) => h("div", {}, h("dt", {}, term), h("dd", {}, words, more && (more.nodeType ? more : h("small", {}, more))));
  return h(
    "dl",
    { class: "facts" },
    s.session.beside.length > 0 && !s.programme.attestations.includes("declared_companions") && row(t("beside.title"), s.session.beside.join(t("list.and"))),
    row(t("door.name"), me(s)?.display_name ?? s.you.display_name, t(isSupporter(s) ? "door.name_more_supporter" : "door.name_more")),
    !isSupporter(s) && !isObserver(s) && row(t("door.need"), t(isOnPhone(s) ? "door.need_phone" : "door.need_words"), t(isOnPhone(s) ? "door.need_phone_more" : "door.need_more")),
    isSupporter(s) && row(t("door.trouble"), t("door.trouble_staff")),
    !isSupporter(s) && s.programme.telephone && row(t("door.trouble"), dial(s.programme.telephone), trouble),
  );
}

// The day's moments, with a window that stands at now.
function updateFlow(list, { s, write }) {
  const { session } = s;
  const moments = [
    { key: "doors", at: ms(session.opens_at) },
    { key: "start", at: ms(session.starts_at), kind: "slot" },
    session.cutoff_at && ms(session.cutoff_at) <= endsAt(session) && !session.notices.seeker && { key: "cutoff", at: ms(session.cutoff_at), kind: "slot" },
    { key: session.maintenance_at ? "maintenance" : "end", at: endsAt(session), kind: "end" },
    { key: "now", at: s.now, kind: "now" },
  ].filter(Boolean);
  moments.sort((one, two) => one.at - two.at);
  const [today, day] = [write.day(s.now), write.day(ms(session.starts_at))];
  const days = moments.map((moment) => write.day(moment.at));
  const key = `${today}|${moments.map((moment, n) => moment.key + days[n] + write.time(moment.at)).join()}`;
  if (list.dataset.key === key) return;
  list.dataset.key = key;
  const moreOf = (name) => tFirst([...(isOnPhone(s) ? [`flow.${name}.phone`] : []), `flow.${name}.more`]);
  // Where another day begins, it is named: 10:49 of tomorrow comes after 10:58 of today.
  const wordsOf = (name, n) => {
    if (name === "now") return today === day ? t("flow.now") : t("flow.now_day", { day: today });
    return days[n] === today || days[n] === days[n - 1] ? t(`flow.${name}`) : t("flow.on_day", { what: t(`flow.${name}`), day: days[n] });
  };
  list.replaceChildren(
    ...moments.map(({ key: name, at, kind }, n) => h("li", { class: kind }, h("time", { class: "num" }, write.time(at)), h("div", {}, h("b", {}, wordsOf(name, n)), h("span", {}, moreOf(name))))),
  );
}
