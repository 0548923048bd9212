// The pages that say only where to go: both languages stand in them, so that they can be read without this script; it shows one.

import { chosenLanguage, remember } from "./text.js";

const site = document.getElementById("site");
const buttons = [...site.querySelectorAll(".lang button")];

function showIn(language) {
  document.documentElement.lang = language;
  document.title = site.dataset[`title${language === "ja" ? "Ja" : "En"}`];
  for (const part of site.querySelectorAll("main > [lang]")) part.hidden = part.lang !== language;
  for (const button of buttons) {
    if (button.lang === language) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
  }
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    remember(button.lang);
    showIn(button.lang);
  });
}
site.querySelector(".lang").hidden = false;
showIn(chosenLanguage());
