// A supporter's consent of this day: whom this device has asked today, for the same words, and whose check was good, goes in with
// one click. It is sent for each session all the same, and the server records it with each.

import { dateOf } from "../clock.js";
import { keep, keptObject } from "../kept.js";
import { can, hasJoined, isSupporter, observed, promisedBy } from "../state.js";

const KEPT = "madoguchi.consent"; // {day, of: {programme and medium: what was agreed to}}

export function createStanding({ s, clock }) {
  const day = () => dateOf(clock.now(), s.programme.time_zone);
  const name = () => `${s.programme.name} ${s.session.medium}`;

  function today() {
    const known = keptObject(KEPT);
    return known?.day === day() ? known.of : {};
  }

  return {
    // They agree at the door and go in. isChecked: devices and line were found good; otherwise the next session asks for the check again.
    keep(isChecked) {
      if (!isSupporter(s)) return;
      const of = { ...today(), [name()]: isChecked ? promisedBy(s) : undefined };
      keep(KEPT, JSON.stringify({ day: day(), of }));
    },
    // Who looks on is told before anybody agrees: then the door is shown.
    get holds() {
      return isSupporter(s) && !hasJoined(s) && can(s, "join") && observed(s) === null && today()[name()] === promisedBy(s);
    },
  };
}
