// What happens is also said, for people who do not see it: calmly, or at once.

import { h } from "./dom.js";

export class Announcer {
  #calm = h("p", { class: "vh", role: "status", "aria-live": "polite" });
  #now = h("p", { class: "vh", role: "alert", "aria-live": "assertive" });

  get els() {
    return [this.#calm, this.#now];
  }

  say(words, isUrgent = false) {
    (isUrgent ? this.#now : this.#calm).textContent = words;
  }
}
