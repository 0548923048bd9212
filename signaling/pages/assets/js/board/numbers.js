// A day that is over: what became of its sessions, in numbers and in a picture of its hours.

import { h, keyed, show, svg } from "../dom.js";
import { ms } from "../clock.js";
import { currentLanguage, t } from "../text.js";

const ALWAYS = ["completed", "seeker_no_show", "interrupted", "cancelled"];
const ORDER = ["completed", "seeker_no_show", "supporter_no_show", "supporter_late", "interrupted", "not_held", "stopped", "cancelled"];
const NAMED = ["seeker_no_show", "supporter_no_show", "supporter_late"]; // they name their side themselves
export const KINDS = ["held", "absent", "broken", "cancelled"];
const HOUR = 3600000;
const [STEP, BAR, HEIGHT, FOOT] = [26, 18, 64, 14];

export function kindOf(row) {
  if (row.outcome === "completed") return "held";
  if (row.outcome === "cancelled") return "cancelled";
  return NAMED.includes(row.outcome) ? "absent" : "broken";
}

// [{outcome, count, causes: [{cause, count}]}]: those that matter on any day, and what there was besides
export function linesOf(outcomes) {
  const found = new Map(ALWAYS.map((outcome) => [outcome, { outcome, count: 0, causes: [] }]));
  for (const { outcome, cause, count } of outcomes) {
    const line = found.get(outcome) ?? { outcome, count: 0, causes: [] };
    line.count += count;
    if (cause && !NAMED.includes(outcome)) line.causes.push({ cause, count });
    found.set(outcome, line);
  }
  return [...found.values()].sort((one, two) => ORDER.indexOf(one.outcome) - ORDER.indexOf(two.outcome));
}

// [{at, held, absent, broken, cancelled}]: each hour from the first to the last
export function hoursOf(rows) {
  const over = rows.filter((row) => row.outcome);
  if (!over.length) return [];
  const hour = (row) => Math.floor(ms(row.starts_at) / HOUR);
  const [first, last] = [Math.min(...over.map(hour)), Math.max(...over.map(hour))];
  const hours = Array.from({ length: last - first + 1 }, (_, n) => ({ at: (first + n) * HOUR, ...Object.fromEntries(KINDS.map((kind) => [kind, 0])) }));
  for (const row of over) hours[hour(row) - first][kindOf(row)] += 1;
  return hours;
}

export function createNumbers(app) {
  const el = h("section", { class: "numbers", hidden: true, "aria-label": t("board.numbers"), dataset: { testid: "numbers" } });
  return {
    el,
    update(now) {
      const { shown } = app;
      const isOver = !shown.isToday && shown.numbers.sessions > 0 && ms(shown.day.ends_at) <= now;
      show(el, isOver);
      if (isOver) keyed(el, [shown.key, JSON.stringify(shown.numbers), app.zone, currentLanguage()].join("|"), () => [figures(shown.numbers), picture([...shown.rows.all()], app)]);
    },
  };
}

function figures({ outcomes, late_starts: late, live_minutes: minutes, sessions }) {
  const fact = (key, word, value, more = "") => h("div", { dataset: { number: key } }, h("dt", {}, word), h("dd", {}, h("b", { class: "num" }, value), more && h("small", {}, more)));
  const causes = (line) => line.causes.map((one) => t("board.number_cause", { cause: t(`cause.${one.cause}`), n: one.count })).join(t("list.and"));
  return h(
    "dl",
    {},
    fact("sessions", t("board.number_sessions"), sessions),
    linesOf(outcomes).map((line) => fact(line.outcome, t(`short.${line.outcome}`), line.count, causes(line))),
    fact("late", t("board.number_late"), late),
    fact("minutes", t("board.number_minutes"), t("board.number_time", { hours: Math.floor(minutes / 60), minutes: minutes % 60 })),
  );
}

function picture(rows, app) {
  const hours = hoursOf(rows);
  const most = Math.max(1, ...hours.map((hour) => KINDS.reduce((sum, kind) => sum + hour[kind], 0)));
  const bars = hours.flatMap((hour, n) => {
    let y = HEIGHT;
    return KINDS.filter((kind) => hour[kind]).map((kind) => {
      const tall = (hour[kind] / most) * HEIGHT;
      y -= tall;
      return svg("rect", { class: `k-${kind}`, x: n * STEP + (STEP - BAR) / 2, y: y.toFixed(2), width: BAR, height: Math.max(tall - 1, 1).toFixed(2) });
    });
  });
  const words = hours.map((hour, n) => svg("text", { x: n * STEP + STEP / 2, y: HEIGHT + FOOT - 2, "text-anchor": "middle" }, String(app.write.hour(hour.at))));
  const told = hours.map((hour) => t("board.number_hour", { time: app.write.time(hour.at), kinds: KINDS.filter((kind) => hour[kind]).map((kind) => `${t(`board.kind.${kind}`)} ${hour[kind]}`).join(t("list.and")) || "0" }));
  const wide = Math.max(hours.length, 1) * STEP;
  return h(
    "figure",
    { class: "numbers__picture" },
    svg("svg", { viewBox: `0 0 ${wide} ${HEIGHT + FOOT}`, width: wide, height: HEIGHT + FOOT, role: "img", "aria-label": told.join(currentLanguage() === "ja" ? "。" : ". ") }, svg("path", { class: "k-line", d: `M0 ${HEIGHT}h${wide}` }), bars, words),
    h("figcaption", {}, KINDS.map((kind) => h("span", {}, h("i", { class: `k-${kind}`, "aria-hidden": "true" }), t(`board.kind.${kind}`)))),
  );
}
