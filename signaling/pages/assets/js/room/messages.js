// What the server says to the room's page, message by message (docs/protocol.md), and what a line says that it cuts.

import { ms } from "../clock.js";
import { t } from "../text.js";
import { unread } from "../desk/noted.js";
import { waitsAfter } from "../views/after_this.js";
import { NOBODY_AROUND, agreementOf, isAgreed, me, nameOfSeat, namesIn } from "../state.js";

const CLOSED = { 1009: "protocol", 4400: "protocol", 4429: "protocol", 4401: "link_unknown", 4403: "unknown", 4409: "opened_elsewhere", 4410: "link_expired" };
const NOTED_CODES = new Set(["data_closed", "too_many_readings"]);
const CHAT_CODES = new Set(["function_not_allowed", "too_many_messages", "nobody_reads"]);
const PROBE_CODES = new Set(["probe_full", "probe_not_now"]);

export function createMessages(app) {
  const { s, clock, peer, probe, encryption, announcer, chat, devices, own, shown, settling } = app;

  const TAKE = {
    welcome(message) {
      const former = s.session;
      const isFirst = former === null;
      const agreement = shown.name === "door" ? agreementOf(s) : null;
      Object.assign(s, { you: message.you, programme: message.programme, session: message.session });
      Object.assign(s, { isOnline: true, isDraining: false, lostAt: null, isJoining: false, notice: null, mediaOf: {}, around: NOBODY_AROUND });
      if (isFirst) devices.keepFor(message.session.id);
      // A yes may lead straight among others, with no check before it.
      if (message.you.device === "asked") for (const kind of ["audio", "video"]) devices.holdBack(kind, "unseen");
      if (s.noted === null) s.noted = unread(message.session.id);
      s.noted.isAsking = false; // whether that was heard, nobody can say any more
      chat.cut();
      shown.retell();
      if (isFirst && app.standing.holds) app.do.join({ isByStanding: true });
      // What is to be agreed to may be something else now.
      if (isFirst || (agreement !== null && agreementOf(s) !== agreement)) shown.redraw();
      settling.settle(null);
      if (former && former.medium !== s.session.medium) settling.changeMedium(former);
      if (!isFirst) encryption.resume();
      peer.restart();
    },
    session({ session }) {
      const before = s.session;
      if (!before || session.version < before.version) return;
      const wasAgreed = isAgreed(s);
      s.session = session;
      settling.settle(before);
      if (namesIn(session) === namesIn(before)) return;
      s.you.display_name = me(s)?.display_name ?? s.you.display_name;
      // The same person has agreed to the same; but who sits beside the seeker is part of what one agrees to.
      if (wasAgreed && String(session.beside) === String(before.beside)) app.steps.tick(true);
      shown.rename();
    },
    offer(message) {
      if (s.steppedOutAt === null && !s.isTimeUp) peer.offer(message);
    },
    probe_offer(message) {
      probe.offer(message);
    },
    media_state({ seat, ...state }) {
      s.mediaOf[seat] = state;
    },
    encryption({ seat, is_able: isAble }) {
      s.canEncrypt[seat] = isAble;
      settling.encrypt();
    },
    key({ seat, text }) {
      encryption.take(seat, text);
    },
    noted({ reference, note }) {
      Object.assign(s.noted, { isAsking: false, noted: { reference, note } });
    },
    terms({ language, text }) {
      s.terms = { language, text };
    },
    around({ is_engaged: isEngaged, after }) {
      const wasWaiting = waitsAfter(s);
      s.around = { isEngaged, after };
      const next = waitsAfter(s);
      if (next && !wasWaiting) announcer.say(t("following.waits", { name: next.seeker_name, time: app.write.moment(ms(next.starts_at)) }));
    },
    chat(line) {
      const isMine = line.seat === s.you.seat;
      chat.take(line, isMine);
      if (!isMine && !chat.isOpen) announcer.say(t("chat.said", { name: nameOfSeat(s, line.seat), text: line.text }));
    },
    warning({ left_s: left }) {
      s.warnedS = left;
    },
    way({ purpose, link: onward }) {
      if (s.isAskingLink === purpose) Object.assign(s, { isAskingLink: null, links: { ...s.links, [purpose]: onward } });
      else location.hash = onward; // and the page opens anew
    },
    questionnaire({ questions, is_answered: isAnswered }) {
      if (isAnswered && s.isAnswering) announcer.say(t("questions.done"));
      Object.assign(s, { questionnaire: { questions, is_answered: isAnswered }, isAnswering: false });
    },
    time_is_up: timeIsUp,
    refused({ code, closes, telephone }) {
      s.telephone = telephone ?? s.telephone;
      if (PROBE_CODES.has(code)) return void probe.refused(code);
      s.isJoining = s.isAnswering = false;
      s.isAskingLink = s.mediumAsked = null;
      if (code === "draining") {
        s.isDraining = true; // the close that follows brings us to another node
        return;
      }
      // Who wrote it is no longer among those who talk; the words are given back.
      const isOfALine = CHAT_CODES.has(code) || (code === "not_connected" && chat.onTheWay.length > 0);
      if (!closes && isOfALine) {
        chat.refused(code);
        return;
      }
      if (!closes && NOTED_CODES.has(code)) {
        Object.assign(s.noted, { isAsking: false, refusal: { sentence: t(`refusal.${code}`), next: t(`refusal.${code}.next`) } });
        return;
      }
      if (closes) refuse(code);
      else s.notice = code;
    },
    error({ code, detail }) {
      console.warn("the server did not understand", code, detail);
    },
  };

  function timeIsUp() {
    s.isTimeUp = true;
    own.rest();
    announcer.say(t("cover.time_up"), true);
  }

  // The whole page says so from now on.
  function refuse(code) {
    // Of a link that nobody knows, its shape may tell what happened to it.
    s.refusal ??= { code: code === "link_unknown" && app.flaw ? `link_${app.flaw}` : code };
    own.rest();
  }

  return {
    refuse,
    timeIsUp,
    take(message) {
      TAKE[message.type]?.(message);
      shown.draw();
    },
    lost() {
      s.isOnline = false;
      probe.stop();
      s.isJoining = s.isAnswering = false;
      s.isAskingLink = s.mediumAsked = null;
      s.lostAt ??= clock.now();
      shown.draw();
    },
    closed(code) {
      s.isOnline = false;
      if (code !== 1000) refuse(CLOSED[code] ?? "unknown");
      shown.draw();
    },
  };
}
