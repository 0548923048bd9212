// What is not needed every minute: one row each, and only what may be done now.

import { h, setText, show } from "../../dom.js";
import { icon } from "../../icons.js";
import { t } from "../../text.js";
import { can, isObserver, isOnPhone, isSeeker, isSupporter, listed, offers } from "../../state.js";
import { spaced } from "../secrecy.js";
import { languages } from "../../parts.js";
import { backTo, title } from "./sheet.js";

export function menuSheet(app) {
  const { s } = app;
  const list = h("div", { class: "menu" });
  const code = h("b", { class: "num menu__code" });
  const rows = [
    row("devices", "devices", "self.choose", null, () => app.do.openSheet("devices"), () => !isOnPhone(s) && !isObserver(s)),
    row("screen", "screen", "screen.share", "screen.more", () => shareScreen(), () => mayShare() && !app.screen.isOn),
    row("screen-stop", "screen", "screen.stop", null, () => shareScreen(), () => mayShare() && app.screen.isOn),
    row("audio", "sound", "menu.audio", "menu.audio_more", () => app.do.switchMedium("audio"), () => s.session.medium === "video" && mayGoOnBy("audio")),
    row("phone", "phone", "menu.phone", isSupporter(s) ? "menu.phone_more_supporter" : "menu.phone_more", () => app.do.switchMedium("phone"), () => !isOnPhone(s) && can(s, "switch_medium")),
    row("video", "camera", isOnPhone(s) ? "menu.video_again" : "menu.video", "menu.video_more", () => app.do.switchMedium("video"), () => s.session.medium !== "video" && mayGoOnBy("video")),
    row("sound", "sound", "menu.sound_again", "menu.video_more", () => app.do.switchMedium("audio"), () => isOnPhone(s) && !listed(s, "video") && mayGoOnBy("audio")),
    row("secrecy", "lock", "secrecy.code", "secrecy.code_more", () => app.do.openSheet("secrecy"), () => app.encryption.state === "on", "", code),
    row("next", "calendar", "menu.next", "menu.next_more", () => app.do.bookNext(), () => can(s, "book_next") || s.session.following?.state === "open"),
    row("next-booked", "calendar", "menu.next_booked", null, () => app.do.openSheet("next"), () => isSeeker(s) && s.session.following?.state === "chosen"),
    row("late", "clock", "menu.late", "menu.late_more", () => app.do.openSheet("late"), () => isSeeker(s) && s.session.late !== null && can(s, "another_date")),
    row("problem", "bell", "menu.problem", "menu.problem_more", () => app.do.openSheet("problem"), () => can(s, "report_problem")),
    row("stop", "flag", "menu.stop", "menu.stop_more", () => app.do.openSheet("stop"), () => can(s, "stop"), "menu__row--stop"),
  ];
  list.append(...rows.map((one) => one.el));
  return {
    parts: [title(t("menu.title")), list, languages(app), backTo(app)],
    update() {
      setText(code, spaced(app.encryption.code ?? ""));
      for (const one of rows) show(one.el, one.isShown());
    },
  };

  function mayShare() {
    return offers(s, "screen") && !isObserver(s) && app.screen.isPossible;
  }

  function shareScreen() {
    app.do.shareScreen();
    app.do.closeSheet();
  }

  function mayGoOnBy(medium) {
    return can(s, "switch_medium") && listed(s, medium) && !(s.session.medium === medium && offers(s, medium));
  }

  function row(name, shape, words, more, onclick, isShown, kind = "", extra = null) {
    const el = h("button", { type: "button", class: `menu__row ${kind}`.trim(), dataset: { testid: `menu-${name}` }, onclick }, icon(shape), h("span", {}, t(words), extra, more && h("small", {}, t(more))), icon("arrow"));
    return { el, isShown };
  }
}
