// Every sentence that a person reads comes from a catalogue, one for each language.

const LANGUAGES = ["ja", "en"];
const KEY = "madoguchi.language";
const AGAIN_MS = 2000;
let language = null; // before the first catalogue has come
let catalogue = {};
let parts = []; // what this page needs beyond the sentences of the room: ["board"]

export function chosenLanguage() {
  const kept = remembered();
  if (LANGUAGES.includes(kept)) return kept;
  const wanted = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
  return wanted.find((tag) => LANGUAGES.includes(tag)) ?? "ja";
}

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is closed in some private windows
  }
}

// The catalogue of the room, and those of further parts; a change of language loads the same again.
export async function speak(wanted, ...more) {
  if (more.length) parts = more;
  const names = [wanted, ...parts.map((part) => `${wanted}.${part}`)];
  const read = await Promise.all(names.map(load)).catch(() => null);
  if (read === null) return; // the server is away: the language stays as it is, and the wish is remembered
  catalogue = Object.assign({}, ...read);
  language = wanted;
  document.documentElement.lang = wanted;
}

async function load(name) {
  const address = new URL(`../locales/${name}.json`, import.meta.url); // of the same version as this script
  for (;;) {
    try {
      const answer = await fetch(address);
      if (answer.ok) return await answer.json();
    } catch {
      // not there: as if it had said so
    }
    if (language !== null) throw new Error(`no catalogue ${name}`);
    // A page that has no words yet says so in those that it was sent with, and goes on asking.
    document.getElementById("static")?.setAttribute("data-state", "away");
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

export function remember(wanted) {
  try {
    localStorage.setItem(KEY, wanted);
  } catch {
    // nothing to keep it in: it holds for this page
  }
}

export const currentLanguage = () => language ?? chosenLanguage();
export const hasText = (key) => key in catalogue;

export function t(key, values = {}) {
  const sentence = catalogue[key];
  if (sentence === undefined) {
    console.warn(`no sentence for ${key}`);
    return key;
  }
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

// The first key that has a sentence: from the special to the general.
export function tFirst(keys, values = {}) {
  return t(keys.find(hasText) ?? keys.at(-1), values);
}

// Sentences one after the other, as the language sets them; those that are not there are left out.
export const sentences = (...words) => words.filter(Boolean).join(language === "ja" ? "" : " ");

// What somebody wrote, as the server takes it: no control characters but line breaks, and "" where nothing would show.
export function written(text) {
  const plain = text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, " ").trim();
  return /[^\s\p{Cf}]/u.test(plain) ? plain : "";
}

// The server's own words come in both languages.
export const pick = (words) => words?.[language] || words?.ja || words?.en || "";
