// The signs of the counter: drawn lines, always beside a word.

import { h, svg } from "./dom.js";

const PATHS = {
  arrow: ["M4 12h15M13 6l6 6-6 6"],
  back: ["M20 12H5M11 6l-6 6 6 6"],
  bell: ["M6 17V11a6 6 0 0 1 12 0v6l2 1H4zM10 21h4"],
  calendar: ["M4 6h16v14H4zM4 10.5h16M8 3v5M16 3v5"],
  camera: ["M3 7h12v10H3zM15 11l6-3.5v9L15 13z"],
  chat: ["M4 5h16v11H11l-4 4v-4H4z"],
  clock: ["M4 4h16v16H4zM12 7v5.5l4 2"],
  cross: ["M5 5l14 14M19 5L5 19"],
  devices: ["M4 9h15l-4-4M20 15H5l4 4"],
  door: ["M10 4H5v16h5M10 12h10M16 8l4 4-4 4"],
  end: ["M6 4v16M17 4v16", "f:M15 4h4v16h-4z"],
  find: ["M4 4h11v11H4zM15 15l6 6"],
  flip: ["M3 8h4l2-3h6l2 3h4v11H3zM8.500 13.500a3.500 3.500 0 0 1 6-2.400M15.500 13.500a3.500 3.500 0 0 1-6 2.400M14.500 8.800v2.400h-2.400M9.500 18.200v-2.400h2.400"],
  flag: ["M5 21V4h13l-3 4.5 3 4.5H5"],
  cards: ["M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z"],
  keys: ["M3 6h18v12H3zM7 10h1M11.500 10h1M16 10h1M8 14h8"],
  lanes: ["M3 5v14M7 6h8v3H7zM11 11h9v3h-9zM7 16h6v3H7z"],
  lock: ["M5 11h14v9H5zM8 11V8a4 4 0 0 1 8 0v3"],
  unlocked: ["M5 11h14v9H5zM8 11V7.500a4 4 0 0 1 7.800-1.200"],
  more: ["f:M4 10.500h3v3H4zM10.500 10.500h3v3h-3zM17 10.500h3v3h-3z"],
  mic: ["M9 4h6v9H9z", "M5 11v2a7 5 0 0 0 14 0v-2M12 18v3"],
  plus: ["M12 4v16M4 12h16"],
  phone: ["M5 4h4l2 5-3 2a10 10 0 0 0 5 5l2-3 5 2v4c-9 2-17-6-15-15z"],
  screen: ["M3 5h18v11H3zM9 20h6M12 16v4"],
  sound: ["M4 9v6h4l5 4V5L8 9z", "M16 9.500v5M19.500 7v10"],
  theme: ["M4 4h16v16H4z", "f:M12 4h8v16h-8z"],
  tick: ["M4 12.5l5 5L20 6.5"],
};

const PHASES = {
  scheduled: ["M2 2h8v8H2z"],
  open: ["M2 2h8v8H2z", "f:M2 7h8v3H2z"],
  waiting: ["M2 2h8v8H2z", "f:M2 2h4v8H2z"],
  live: ["f:M1 1h10v10H1z"],
  interrupted: ["f:M1 1h4v10H1zM7 1h4v10H7z"],
  ended: ["M4 1v10", "f:M6.500 1h3v10h-3z"],
};

function paths(list) {
  return list.map((d) => (d.startsWith("f:") ? svg("path", { class: "f", d: d.slice(2) }) : svg("path", { d })));
}

const drawn = new Map();

// A sign is drawn once; whoever shows it hundreds of times has copies.
function copy(key, draw) {
  if (!drawn.has(key)) drawn.set(key, draw());
  return drawn.get(key).cloneNode(true);
}

export function icon(name, extra = "") {
  return copy(`${name} ${extra}`, () => svg("svg", { class: `i ${extra}`.trim(), viewBox: "0 0 24 24", "aria-hidden": "true" }, paths(PATHS[name])));
}

export function phaseShape(phase) {
  return copy(phase, () => svg("svg", { viewBox: "0 0 12 12", "aria-hidden": "true" }, paths(PHASES[phase] ?? PHASES.scheduled)));
}

// A window whose counter shelf runs on as the line and stops at the double bar.
export function logo(label) {
  return h(
    "span",
    { class: "logo" },
    svg(
      "svg",
      { viewBox: "0 0 113 28", role: "img", "aria-label": label },
      svg("path", { "stroke-width": "3.6", d: "M1.800 2.800h21.400v21.400H1.800z" }),
      svg("path", { "stroke-width": "3", d: "M1.800 17.500h36" }),
      svg("path", { "stroke-width": "1.8", d: "M38.700 10.500v14" }),
      svg("path", { "stroke-width": "4.2", d: "M43.400 10.500v14" }),
      svg(
        "g",
        { transform: "translate(58 1)", "stroke-width": "2.4", "stroke-linejoin": "round" },
        svg("path", { d: "M13 .2v4M2.400 9.200V4.800h21.200v4.400M9.600 6.800c-.5 2.700-2.200 4.300-5.600 5.200M16.200 6.800v2.900c0 1.100.5 1.600 1.600 1.600h4.400" }),
        svg("path", { d: "M11.600 11.800l-3.700 4.500h10.400M15.900 13.600l3.700 4" }),
        svg("path", { d: "M5.400 19.600l-2.300 4.600M9.400 19.200v3.900c0 1.500.7 2.200 2.200 2.200h3.800c1.500 0 2.200-.7 2.200-2.600M13 18.600l2 2.500M20.600 19l2.800 4.600" }),
        svg("path", { d: "M34.200 25V4.800h18.600V25M34.200 22.400h18.600" }),
      ),
    ),
    h("b", {}, "Madoguchi"),
  );
}

// The plate says who holds the counter: the number in front of the name, or its first sign.
export function plate(name, size = "") {
  const own = (name ?? "").normalize("NFKC").replace(/^(相談員|職員|窓口|Counsellor|Counter)\s*/u, "").trim();
  const sign = own.match(/^\d{1,3}/)?.[0] ?? [...own][0] ?? "・";
  return h("span", { class: `plate ${size}`.trim(), "aria-hidden": "true" }, sign.toUpperCase());
}
