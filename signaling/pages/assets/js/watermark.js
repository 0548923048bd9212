// Who watches, and when, over the other person's picture (KUMAGAYA 12(2), SAKAI 5-4). It traces; it does not prevent.

import { svg } from "./dom.js";

const GAP = 40;
let marks = 0;

export function createWatermark() {
  const text = svg("text", {
    x: "0", y: "30", "font-size": "15", fill: "#fff", "fill-opacity": ".42",
    stroke: "#14212a", "stroke-opacity": ".16", "stroke-width": "1.5", "paint-order": "stroke",
  });
  const id = `watermark-${(marks += 1)}`; // one for each picture: a page may show several
  const pattern = svg("pattern", { id, width: "260", height: "150", patternUnits: "userSpaceOnUse" }, text);
  const mark = svg(
    "svg",
    { class: "video__mark", "aria-hidden": "true" },
    svg("defs", {}, pattern),
    svg("rect", { width: "100%", height: "100%", fill: `url(#${id})` }),
  );
  return {
    el: mark,
    // name and stamp are what is written; second moves it, so that one crop cannot free the whole picture
    update(name, stamp, second) {
      const line = `${name}　${stamp}`;
      if (text.textContent !== line) {
        text.textContent = line;
        pattern.setAttribute("width", String(Math.ceil([...line].length * 13) + GAP));
      }
      const step = Math.floor(second / 10) % 6;
      pattern.setAttribute("patternTransform", `translate(${step * 23} ${step * 17}) rotate(-18)`);
    },
    // Somebody took it off the picture: put it back.
    keepOn(parent) {
      new MutationObserver(() => mark.parentNode === parent || parent.append(mark)).observe(parent, { childList: true });
      parent.append(mark);
    },
  };
}
