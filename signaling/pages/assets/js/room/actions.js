// What a person may do in the room: each by its name, as the views call it (`app.do`). The server decides whether it holds.

import { can, waiting } from "../state.js";

export function createActions(app) {
  const { s, clock, socket, devices, interruption, screen, evidence, chat, own, shown, standing, steps } = app;
  const { draw, openSheet, tell } = shown;
  const send = (message) => socket.send(message);

  function stepOut() {
    if (!send({ type: "step_out" })) return;
    s.steppedOutAt = clock.now();
    s.sheet = null;
    setTimeout(() => s.steppedOutAt !== null && socket.close(), 500); // after the word is out
    own.rest();
    draw();
  }

  function comeBack() {
    s.steppedOutAt = null;
    s.isOnline = false;
    s.isJoining = false;
    s.lostAt = clock.now();
    socket.close();
    socket.connect();
    draw();
  }

  return {
    speak: shown.speak,
    tick: steps.tick,
    agree: () => steps.go("check"),
    returnToLobby: () => steps.go("lobby"),
    openDevices: () => own.open(true),
    lookAtCheck: () => steps.lookAt("check"),
    // isChecked: devices and line were found good; isByStanding: without the door, by the consent of this day
    join: ({ isChecked = false, isByStanding = false } = {}) => {
      s.notice = null;
      s.isByStanding = isByStanding;
      if (!isByStanding) standing.keep(isChecked);
      const { terms_version, attestations } = s.programme;
      s.isJoining = send({ type: "join", terms_version, attestations });
      draw();
    },
    admit: () => waiting(s).forEach((seat) => send({ type: "admit", seat: seat.seat })),
    stepOut,
    comeBack,
    askEnd: () => openSheet("end"),
    closeSheet: () => openSheet(null),
    chooseDevices: () => openSheet("devices"),
    end: (works) => {
      send({ type: "end", works });
      openSheet(null);
    },
    requestEnd: () => {
      s.wasEndDeclined = false;
      send({ type: "request_end" });
      draw();
    },
    answerEnd: (agrees) => send({ type: "answer_end", agrees }),
    release: () => send({ type: "release_seat" }),
    wait: () => {
      if (can(s, "wait")) send({ type: "wait" });
      openSheet(null);
    },
    askAnotherDate: () => openSheet("wait_or_reschedule"),
    begin: () => send({ type: "begin" }),
    anotherDate: () => send({ type: "another_date" }),
    chooseSlot: (option, purpose) => {
      s.notice = null;
      send({ type: "choose_slot", option, purpose });
    },
    follow: (purpose) => {
      s.notice = s.isAskingLink = null;
      send({ type: "follow", purpose });
    },
    askLink: (purpose) => {
      s.notice = null;
      s.isAskingLink = send({ type: "follow", purpose }) ? purpose : null;
      draw();
    },
    decline: () => {
      send({ type: "decline_reschedule", purpose: "reschedule" });
      openSheet(null);
    },
    bookNext: () => {
      if (can(s, "book_next")) send({ type: "book_next" });
      openSheet("next");
    },
    askNext: () => send({ type: "book_next" }),
    readNoted: () => {
      Object.assign(s.noted, { isAsking: send({ type: "read_noted" }), refusal: null });
      draw();
    },
    readTerms: (language) => send({ type: "read_terms", language }),
    declineNext: () => {
      send({ type: "decline_reschedule", purpose: "next" });
      openSheet(null);
    },
    openSheet,
    switchMedium: (medium) => {
      s.notice = null;
      s.mediumAsked = send({ type: "switch_medium", medium }) ? { medium, at: clock.now() } : null;
      openSheet(null);
    },
    renewMedia: () => send({ type: "renew_media" }),
    reportCall: (state) => {
      s.notice = null;
      send({ type: "report_call", state });
    },
    answerFinish: (finished) => send({ type: "answer_finish", finished }),
    object: () => send({ type: "object" }),
    stop: (kind, accused, note) => {
      if (send({ type: "stop", kind, accused, note })) openSheet(null);
      else tell("stop.not_sent");
    },
    reportProblem: (note) => {
      if (!send({ type: "report_problem", note, measured: evidence.measured })) return tell("stop.not_sent");
      tell(s.session.phase === "ended" ? "problem.sent_after" : "problem.sent");
      return openSheet(null);
    },
    answerQuestions: (answers) => {
      s.notice = null;
      s.isAnswering = send({ type: "answer_questionnaire", answers });
      draw();
    },
    openChat: (isOpen) => {
      chat.open(isOpen);
      draw();
    },
    write: (text) => {
      if (!send({ type: "chat", text })) return false;
      chat.onTheWay.push(text);
      return true;
    },
    giveNotice: () => {
      s.notice = null;
      s.isGivingNotice = send({ type: "give_notice" });
      openSheet(null);
    },
    answerClaim: (seat, agrees) => send({ type: "answer_claim", seat, agrees }),
    toggle: (kind) => own.toggle(kind),
    shareScreen: () => screen.toggle(),
    choose: (kind, id) => own.sendFrom(devices.choose(kind, id)),
    flip: () => own.sendFrom(devices.flip()),
    take: () => interruption.take(),
    chime: app.ring,
    stayInside: () => {
      s.isInside = false;
      app.connect();
      draw();
    },
    hurry: () => socket.hurry(),
  };
}
