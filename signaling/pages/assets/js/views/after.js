// After the end: what happened, why, what it means for the count, and another date where one is due.

import { h, setAttr, setText, show } from "../dom.js";
import { icon } from "../icons.js";
import { ms } from "../clock.js";
import { sentences, t, tFirst } from "../text.js";
import { can, isSeeker, isSupporter, other } from "../state.js";
import { bandWords, createNotices, head, nameOf, telephone } from "../parts.js";
import { createBand, lostIn, planOf } from "../band.js";
import { createBooked } from "./booked.js";
import { createOnward } from "./onward.js";
import { createQuestions } from "./questions.js";
import { createSlots } from "./slots.js";

const DAY_MS = 86400000;

export function create(app) {
  const { s, write } = app;
  const band = createBand({ names: true, gap: 0.25 }); // the planned end is a long word
  const notices = createNotices(app);
  const h1 = h("h1", { tabindex: "-1" });
  const why = h("p", { class: "after__why" });
  const outcome = h("div", { dataset: { testid: "outcome" } }, h1, why);
  const good = h("span", {}, icon("tick", "i--s"));
  const quota = h("p", { class: "small after__quota" }, good, h("span"));
  const again = createReschedule(app);
  const objection = createObjection(app);
  const questions = createQuestions(app);
  const problem = h("button", { type: "button", class: "btn btn--plain", dataset: { testid: "after-problem" }, onclick: () => app.do.openSheet("problem") }, icon("bell", "i--s"), t("after.problem"));
  const next = createNext(app);
  const desk = createOnward(app);
  const start = ms(s.session.starts_at);
  const el = h(
    "div",
    { class: "phone" },
    head(app),
    h(
      "main",
      {},
      h("section", { class: "pad intro" }, h("p", { class: "small quiet" }, `${write.day(start)}　${write.time(start)}–${write.time(ms(s.session.ends_at))}　${withWhom(s)}`), outcome, h("div", { class: "after__band" }, band.el), quota),
      notices.el,
      objection.el,
      next.el,
      again.el,
      questions.el,
      desk.el,
      h("section", { class: "pad-s after__more" }, problem),
    ),
    h("footer", { class: "actbar" }, again.book, isSupporter(s) ? desk.foot : telephone(app, "help.after")),
  );
  return {
    el,
    focus: h1,
    rest: desk.rest,
    update() {
      const { session } = s;
      outcome.dataset.outcome = session.outcome ?? "";
      outcome.dataset.cause = session.cause ?? "";
      setText(h1, tFirst([`outcome.${session.outcome}.to_${s.you.role}`, `outcome.${session.outcome}`]));
      const mayCall = Boolean(s.programme.telephone ?? s.telephone);
      // Of a stop the cause is who was accused: nobody has judged it yet.
      const isOurs = ["supporter", "platform", "maintenance", "office"].includes(session.cause) && session.outcome !== "stopped";
      setText(why, sentences(whyWords(session, s.you.role), isOurs && isSeeker(s) && t("after.sorry"), isOwnCancelling(s) && mayCall && t("after.book_again")));
      band.update(planOf(session, s.now, { words: wordsOf(session), write, from: "start", lost: session.outcome === "interrupted" ? lostIn(session) : [], label: t(`outcome.${session.outcome}`) }));
      show(quota, isSeeker(s) && session.is_quota_restored !== null);
      show(good, session.is_quota_restored === true); // what was used is no good news
      setText(quota.lastChild, t(session.is_quota_restored ? "after.quota_restored" : "after.quota_used"));
      notices.update(s);
      again.update();
      objection.update();
      questions.update();
      desk.update();
      show(problem, can(s, "report_problem"));
      next.update();
    },
  };
}

const isOwnCancelling = (s) => isSeeker(s) && s.session.outcome === "cancelled" && s.session.cause === "seeker";

// The counsellor's name stands with what they are, the visitor's with «さん».
const withWhom = (s) => (isSupporter(s) ? nameOf(other(s)) : `${t("role.supporter")} ${other(s).display_name}`);

const wordsOf = ({ outcome }) => ({ ...bandWords(), ...(outcome === "interrupted" && { ended: t("moment.cut") }) });

// After a goodbye the seeker has a day to say that it was not the end; then a scheduler looks.
function createObjection(app) {
  const { s } = app;
  const words = h("p", { class: "small" });
  const button = h("button", { type: "button", class: "btn", dataset: { testid: "object" }, onclick: () => app.do.object() }, t("object.yes"));
  const el = h("section", { class: "pad-s stack objection", hidden: true, role: "status" }, words, button);
  return {
    el,
    update() {
      const { session } = s;
      const isRecent = session.reason === "goodbye" && s.now < ms(session.ended_at) + DAY_MS;
      const mayObject = can(s, "object");
      show(el, isSeeker(s) && isRecent && s.isOnline);
      show(button, mayObject);
      setText(words, t(mayObject ? "object.words" : "object.done"));
    },
  };
}

// The reason where it has a sentence; else what the cause means for this outcome. To the one concerned not in the third person.
function whyWords({ outcome, cause, reason }, role) {
  const keys = [`reason.${reason}.to_${role}`, `reason.${reason}`, `outcome.${outcome}.${cause}.to_${role}`, `outcome.${outcome}.${cause}`];
  return tFirst([...keys, `outcome.${outcome}.more`]);
}

// What was booked for the next time, during the call.
function createNext(app) {
  const { s } = app;
  const title = h("h2", {}, t("next.after"));
  const booked = createBooked(app, "next", { follow: "after.follow_next", kind: "" });
  const words = h("p", { class: "pad-s small" });
  const el = h("section", { class: "sec", hidden: true, role: "status", dataset: { testid: "next-booked" } }, title, booked.el, words);
  return {
    el,
    update() {
      const plan = s.session.following;
      const isChosen = plan?.state === "chosen";
      show(el, isChosen || plan?.state === "cancelled");
      booked.update(plan);
      setText(words, isChosen ? (isSeeker(s) ? t("next.keep") : "") : t("next.cancelled"));
      show(words, words.textContent !== "");
    },
  };
}

function createReschedule(app) {
  const { s, write } = app;
  const title = h("h2");
  const words = h("p", { class: "pad-s small" });
  const slots = createSlots(app);
  const decline = h("button", { type: "button", class: "btn btn--plain", "aria-haspopup": "dialog", dataset: { testid: "decline" }, onclick: () => app.do.openSheet("decline") }, t("slots.decline"));
  const booked = createBooked(app, "reschedule", { follow: "after.follow" });
  const el = h("section", { class: "sec", role: "status" }, title, booked.el, slots.el, words, decline);
  return {
    el,
    book: slots.book,
    update() {
      const plan = s.session.reschedule;
      show(el, Boolean(plan));
      if (!plan) {
        slots.update([]);
        return;
      }
      const audience = isSupporter(s) ? ".staff" : "";
      const isOpen = plan.state === "open" && isSeeker(s);
      const options = isOpen ? plan.options ?? [] : [];
      setAttr(el, "data-reschedule", plan.state);
      setText(title, t(isOpen && options.length ? "slots.title" : `reschedule.${plan.state}${audience}`));
      slots.update(options);
      show(decline, isOpen);
      setText(words, wordsOf(plan, isOpen, options));
      booked.update(plan);
    },
  };

  function wordsOf(plan, isOpen, options) {
    if (!isOpen) return isSeeker(s) ? t(`reschedule.${plan.state}.more`) : "";
    const until = ms(plan.expires_at);
    return options.length ? t("slots.until", { day: write.day(until), time: write.time(until) }) : t("slots.none");
  }
}
