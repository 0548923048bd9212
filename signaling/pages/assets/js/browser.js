// Which browser this is, on what, and whether it is on our list: what it can do is asked first, what it is called second.
// Pure but for `thisBrowser`. What is read here stays on this device; the office is told phone, tablet or computer.

// The oldest versions that we look after; whatever is newer is fine.
const OLDEST = { Chrome: 110, Edge: 110, Firefox: 115, Safari: 16, "Samsung Internet": 22 };

// Pages inside of other programs: they may have no camera, or lose it. By what they call themselves.
const INSIDE = [
  ["LINE", /\bLine\//],
  ["Facebook", /\bFB(?:AN|AV|_IAB)\b/],
  ["Messenger", /\bMessenger(?:Lite)?ForiOS\b|\bOrca-Android\b/],
  ["Instagram", /\bInstagram\b/],
  ["X", /\bTwitter(?:Android| for i)/],
  ["TikTok", /\b(?:musical_ly|BytedanceWebview|TikTok)/],
  ["Yahoo! JAPAN", /\bYJApp\b|\bYahoo! ?JAPAN\b|jp\.co\.yahoo/i],
  ["Google", /\bGSA\//],
  ["Microsoft Teams", /\bTeams\//],
  ["KakaoTalk", /\bKAKAOTALK\b/],
  ["WeChat", /\bMicroMessenger\//],
];

const NAMES = [
  ["Samsung Internet", /\bSamsungBrowser\/(\d+)/],
  ["Edge", /\b(?:Edg|EdgA|EdgiOS)\/(\d+)/],
  ["Opera", /\b(?:OPR|OPT|OPX)\/(\d+)/],
  ["Firefox", /\b(?:Firefox|FxiOS)\/(\d+)/],
  ["Chrome", /\b(?:(?:Headless)?Chrome|CriOS)\/(\d+)/],
  ["Safari", /\bVersion\/(\d+)[\d.]* (?:Mobile\/\S+ )?Safari\//],
];

// ua: navigator.userAgent; touches: navigator.maxTouchPoints; isAble: whether calls, sockets and devices are there at all
export function readBrowser({ ua, touches = 0, isAble = true }) {
  const os = osOf(ua, touches);
  const [name, version] = nameOf(ua);
  const inside = insideOf(ua, os);
  return { name, version, os, kind: kindOf(ua, os), device: deviceOf(ua, os), inside, support: supportOf({ ua, name, version, os, inside, isAble }) };
}

function osOf(ua, touches) {
  if (/\b(?:iPhone|iPad|iPod)\b/.test(ua)) return "ios";
  if (/\bMacintosh\b/.test(ua)) return touches > 1 ? "ios" : "macos"; // an iPad asks for desktop pages
  if (/\bAndroid\b/.test(ua)) return "android";
  if (/\bWindows\b/.test(ua)) return "windows";
  if (/\bCrOS\b/.test(ua)) return "chromeos";
  return /\bLinux\b/.test(ua) ? "linux" : "other";
}

function nameOf(ua) {
  for (const [name, pattern] of NAMES) {
    const found = pattern.exec(ua);
    if (found) return [name, Number(found[1])];
  }
  return [null, null];
}

// An unnamed program is found out by what its pages lack: Safari's own name on iOS, or Android's mark of a web view.
function insideOf(ua, os) {
  const named = INSIDE.find(([, pattern]) => pattern.test(ua));
  if (named) return named[0];
  const isBareIos = os === "ios" && /AppleWebKit/.test(ua) && !/Safari\//.test(ua);
  return isBareIos || (os === "android" && /; wv\)/.test(ua)) ? "other" : null;
}

function kindOf(ua, os) {
  if (os === "ios") return /\b(?:iPhone|iPod)\b/.test(ua) ? "phone" : "tablet";
  if (os === "android") return /\bMobile\b/.test(ua) ? "phone" : "tablet";
  return "computer";
}

function deviceOf(ua, os) {
  if (os === "ios") return /\b(?:iPhone|iPod)\b/.test(ua) ? "iPhone" : "iPad";
  return { android: "Android", windows: "Windows", macos: "Mac", chromeos: "Chromebook", linux: "Linux" }[os] ?? null;
}

// What is the matter with it: "unable", "inside", "old", "unknown" (able, but not on our list), or "ok".
function supportOf({ ua, name, version, os, inside, isAble }) {
  if (inside) return "inside";
  if (!isAble) return "unable";
  // On iOS every browser draws with the system's engine, and only the system's version counts.
  const [key, has] = os === "ios" ? ["Safari", iosOf(ua) ?? version] : [name, version];
  if (!name || !(key in OLDEST)) return "unknown";
  return has < OLDEST[key] ? "old" : "ok";
}

// Safari 26 still calls its system 18: the higher of the two is nearer to the truth.
function iosOf(ua) {
  const of = (pattern) => Number(pattern.exec(ua)?.[1] ?? 0);
  return Math.max(of(/\bOS (\d+)_/), of(/\bVersion\/(\d+)/)) || null;
}

// Which way leads to the permission of this browser: a part of the catalogue's keys, `how.{place}.1` and on.
export function placeOf({ name, os, inside }) {
  if (inside) return "other";
  if (os === "ios") return name === "Safari" ? "safari_ios" : "app_ios";
  if (os === "android") return { Firefox: "firefox_android", "Samsung Internet": "samsung" }[name] ?? (name ? "chrome_android" : "other");
  if (name === "Safari") return "safari_mac";
  if (name === "Firefox") return "firefox";
  return name ? "chromium" : "other";
}

// Where the system itself gives or withholds devices.
export const systemOf = ({ os }) => (["windows", "macos", "ios", "android"].includes(os) ? os : "other");

export function thisBrowser() {
  const isAble = typeof RTCPeerConnection === "function" && typeof WebSocket === "function" && (!window.isSecureContext || Boolean(navigator.mediaDevices?.getUserMedia));
  return readBrowser({ ua: navigator.userAgent, touches: navigator.maxTouchPoints, isAble });
}
