// Something small that lies over a picture and can be put into another corner: drawn with a finger, tapped, or by arrow keys.

import { h, setAttr, setVar } from "../dom.js";
import { nearest, next, towards } from "../corner.js";
import { t } from "../text.js";

const STILL_PX = 6; // a finger that moved less has tapped
let corner = "br"; // remembered as long as the page lives

// el: what moves, inside of the box whose corners count
export function makeMovable(el) {
  const grip = h("button", { type: "button", class: "grip", "aria-label": t("self.move"), dataset: { testid: "self-move" } });
  let from = null; // where the finger went down; null: it is up
  let isDragged = false;

  grip.addEventListener("pointerdown", (event) => {
    if (!event.isPrimary || event.button > 0) return;
    grip.setPointerCapture(event.pointerId);
    from = { x: event.clientX, y: event.clientY };
    isDragged = false;
  });
  grip.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    isDragged ||= Math.hypot(dx, dy) > STILL_PX;
    if (isDragged) shift(dx, dy);
  });
  for (const over of ["pointerup", "pointercancel"]) grip.addEventListener(over, drop);
  // A tap needs no drag (WCAG 2.2, 2.5.7), and Enter is one.
  grip.addEventListener("click", (event) => {
    if (!isDragged || event.detail === 0) put(next(corner));
    isDragged = false;
  });
  grip.addEventListener("keydown", (event) => {
    const wanted = towards(corner, event.key);
    if (!wanted) return;
    event.preventDefault();
    put(wanted);
  });
  el.append(grip);
  put(corner);
  return el;

  function drop() {
    if (from && isDragged) {
      const [mine, box] = [el.getBoundingClientRect(), el.parentElement.getBoundingClientRect()];
      put(nearest({ x: mine.x + mine.width / 2 - box.x, y: mine.y + mine.height / 2 - box.y }, box));
    }
    from = null;
    shift(0, 0);
  }

  function shift(dx, dy) {
    setVar(el, "dx", `${dx}px`);
    setVar(el, "dy", `${dy}px`);
    el.classList.toggle("is-dragged", dx !== 0 || dy !== 0);
  }

  function put(wanted) {
    corner = wanted;
    setAttr(el, "data-corner", corner);
  }
}
