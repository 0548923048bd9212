// What stands on the page: one view at a time, the sheets and the chat over it, and what is said aloud of it.

import { currentLanguage, remember, speak, t } from "../text.js";
import { writer } from "../clock.js";
import { isOnPhone, viewOf, warningOf } from "../state.js";
import { createSheets } from "../views/sheets.js";
import * as after from "../views/after.js";
import * as away from "../views/away.js";
import * as call from "../views/call.js";
import { createChat } from "../views/chat.js";
import * as check from "../views/check.js";
import * as claim from "../views/claim.js";
import * as connecting from "../views/connecting.js";
import * as door from "../views/door.js";
import * as inside from "../views/inside.js";
import * as lobby from "../views/lobby.js";
import * as phone from "../views/phone.js";
import * as refused from "../views/refused.js";

const VIEWS = { after, away, call, check, claim, connecting, door, inside, lobby, phone, refused };
const TOLD_MS = 12000;

export function createShown(app) {
  const { s, clock, announcer } = app;
  const page = document.getElementById("page");
  const sheets = createSheets(app);
  const drawer = createChat(app);
  app.chatEl = drawer.el;
  let now = { name: null, view: null };
  let saidWarning = null;

  function draw() {
    s.now = clock.now();
    s.skew = Date.now() - s.now;
    const name = viewOf(s);
    if (name !== now.name) {
      const isFirst = now.name === null;
      now.view?.rest?.();
      now = { name, view: VIEWS[name].create(app) };
      page.replaceChildren(now.view.el);
      const title = t(name === "check" && isOnPhone(s) ? "title.phone" : `title.${name}`);
      document.title = `${title} | ${t("site.name")}`;
      document.body.dataset.view = name;
      window.scrollTo(0, 0);
      if (!isFirst) now.view.focus?.focus({ preventScroll: true });
      announcer.say(title);
      app.steps.arrived(name);
    }
    now.view.update();
    sheets.update();
    drawer.update();
    announceWarning();
  }

  // The view is built anew.
  function redraw() {
    now.view?.rest?.();
    now = { name: null, view: null };
    draw();
  }

  // The same view with other names: who was at a part of it, writing perhaps, goes on there. The check of devices shows none.
  function rename() {
    if (now.name === "check") return;
    const { testid } = document.activeElement?.dataset ?? {};
    redraw();
    if (testid) page.querySelector(`[data-testid="${testid}"]`)?.focus({ preventScroll: true });
  }

  function announceWarning() {
    const span = s.session ? warningOf(s) : null;
    if (span === saidWarning) return;
    saidWarning = span;
    if (span !== null) announcer.say(t(span >= 60 ? "warning.minutes" : "warning.seconds", { n: span >= 60 ? Math.round(span / 60) : span }), true);
  }

  // Times in the programme's zone and the page's language, from now on.
  function retell() {
    app.write = writer(currentLanguage(), s.programme?.time_zone ?? "Asia/Tokyo");
  }

  return {
    get name() {
      return now.name;
    },
    draw,
    redraw,
    rename,
    retell,
    // Once there are words.
    begin() {
      retell();
      document.body.append(drawer.el, sheets.el, ...announcer.els);
    },
    async speak(language) {
      remember(language);
      await speak(language);
      retell();
      redraw();
    },
    openSheet(kind) {
      s.sheet = kind;
      draw();
    },
    // Said once, and shown for a while.
    tell(key) {
      s.told = key;
      announcer.say(t(key));
      setTimeout(() => s.told === key && (s.told = null), TOLD_MS);
    },
  };
}
