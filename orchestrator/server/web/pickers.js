// Pickers of genre, tempo, key, voice and language. They read what the words of the form already say, and write
// into them, so that a picker and the words never contradict each other.

import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);

// Names that the reader of descriptions knows; see lyrics/sketch/styles.py.
export const GENRES = [
  "pop", "rock", "indie", "metal", "punk", "folk", "country", "blues", "jazz", "soul", "r&b", "funk", "disco", "house", "techno",
  "trance", "drum and bass", "synthwave", "ambient", "lo-fi", "hip hop", "trap", "reggae", "latin", "bossa nova", "gospel",
  "cinematic", "classical",
];
const TONICS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
const SAME_TONIC = { "C#": "Db", "D#": "Eb", Gb: "F#", "G#": "Ab", "A#": "Bb" };
const VOICES = { female: "female vocal", male: "male vocal", duet: "duet", choir: "choir" };
const LANGUAGES = [
  "English", "Chinese", "Dutch", "French", "German", "Italian", "Japanese", "Korean", "Polish", "Portuguese", "Russian", "Spanish",
  "Swedish", "Turkish", "Ukrainian",
];

const escaped = (word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const GENRE = new RegExp(`(?<![\\w&])(?:${[...GENRES].sort((a, b) => b.length - a.length).map(escaped).join("|")})(?![\\w&])`, "i");
const VOICE = new RegExp(
  "\\b(?:(duets?)|(choirs?)|(?:sung by an? )?(?:(female|woman(?:['’]s)?|soprano)|(male|man(?:['’]s)?|baritone|tenor))" +
    "(?:[ -](?:lead[ -])?(?:vocals?|voices?|singers?))|sung by an? (?:(woman|girl)|(man|boy))|(female)|(male))\\b", "i",
);

// Each finds its part of the words and says its value; `phrase` is how the value is written. `lead` is what goes with it.
const PICKERS = {
  genre: {
    find: GENRE,
    value: ([name]) => name.toLowerCase(),
    phrase: (value) => value,
  },
  tempo: {
    find: /\b(\d{2,3}(?:\.\d+)?)\s*bpm\b/i,
    lead: /(?:\b(?:at|around|about)\s+)?$/i,
    value: ([, number]) => number,
    phrase: (value) => `${value} BPM`,
  },
  key: {
    find: /(?:\b(?:in|of)\s+([A-Ga-g])|\b([A-GB-Gb-g]))(?:\s?(#|♯|♭|b(?=\s)|sharp|flat))?[\s-]+(major|minor)\b/,
    value: ([, led, bare, sign = "", mode]) => {
      const tonic = (led || bare).toUpperCase() + (/^(?:#|♯|sharp)$/.test(sign) ? "#" : sign ? "b" : "");
      return `${SAME_TONIC[tonic] || tonic} ${mode}`;
    },
    phrase: (value) => `in ${value}`,
  },
  voice: {
    find: VOICE,
    lead: /(?:\bwith\s+an?\s+)?$/i,
    value: ([, duet, choir, woman, man, girl, boy, female, male]) =>
      (duet && "duet") || (choir && "choir") || ((woman || girl || female) && "female") || ((man || boy || male) && "male"),
    phrase: (value) => VOICES[value],
  },
  language: {
    find: new RegExp(`\\b(?:sung |lyrics )?in (${LANGUAGES.join("|")})\\b`, "i"),
    value: ([, name]) => name[0].toUpperCase() + name.slice(1).toLowerCase(),
    phrase: (value) => `sung in ${value}`,
  },
};

// The style stands before what the song is about: "a folk song about a house" names one genre.
function styleEnd(text) {
  const about = /,?\s+\babout\s+(?!\d)/i.exec(text);
  return about ? about.index : text.replace(/[\s.,;!?]+$/, "").length;
}

function found(name, text) {
  const end = /\babout\s+(?!\d)/i.test(text) ? styleEnd(text) : text.length;
  return PICKERS[name].find.exec(text.slice(0, end));
}

export function valueIn(name, text) {
  const match = found(name, text);
  return match ? PICKERS[name].value(match) : "";
}

function without(match, lead, text) {
  let start = match.index;
  if (lead) start = lead.exec(text.slice(0, start)).index;
  const before = text.slice(0, start).replace(/[\s,]+$/, "");
  const after = text.slice(match.index + match[0].length);
  return before ? before + (/^\s*(?:[,.;!?]|$)/.test(after) ? after.replace(/^\s+/, "") : after.replace(/^\s*/, " ")) : after.replace(/^[\s,]+/, "");
}

// The words with `value` in the place of what they said before; an empty value takes it out.
export function withValue(name, value, text) {
  const match = found(name, text);
  if (match && !value) return without(match, PICKERS[name].lead, text);
  if (!value) return text;
  const phrase = PICKERS[name].phrase(value);
  if (match) return text.slice(0, match.index) + phrase + text.slice(match.index + match[0].length);
  const end = styleEnd(text);
  const [style, rest] = [text.slice(0, end), text.slice(end)];
  if (!style.trim()) return name === "genre" ? `${phrase} song${rest}` : phrase + rest;
  const noun = name === "genre" && /\b(an? )?(song|track|ballad|tune|lullaby|anthem|jingle)\b/i.exec(style);
  if (!noun) return `${style}, ${phrase}${rest}`;
  const article = noun[1] ? `${/^[aeiou]/.test(phrase) ? "an" : "a"} ` : "";
  const head = style.slice(0, noun.index) + (/^A/.test(noun[1] || "") ? article.replace("a", "A") : article);
  return `${head}${phrase} ${noun[2]}${style.slice(noun.index + noun[0].length)}${rest}`;
}

function fillSelect(select, pairs, none) {
  select.replaceChildren(...[["", none], ...pairs].map(([value, text]) => new Option(text, value)));
}

// Shows in the pickers what `text` says.
export function readPickers(text, instrumental) {
  const said = [];
  for (const name of Object.keys(PICKERS)) {
    const control = at(`pick-${name}`);
    const value = valueIn(name, text);
    if (control !== document.activeElement || control.tagName === "SELECT") control.value = value;
    if (value) said.push(name === "tempo" ? `${value} BPM` : control.selectedOptions?.[0]?.textContent || value);
  }
  at("pick-voice").disabled = at("pick-language").disabled = instrumental;
  at("sound-summary").textContent = said.join(", ");
}

export function wirePickers(textarea) {
  fillSelect(at("pick-genre"), GENRES.map((name) => [name, t(name)]), t("as it fits"));
  const keys = ["major", "minor"].flatMap((mode) => TONICS.map((tonic) => `${tonic} ${mode}`));
  fillSelect(at("pick-key"), keys.map((key) => [key, key]), t("as it fits"));
  fillSelect(at("pick-voice"), [["female", t("Female")], ["male", t("Male")], ["duet", t("Duet")], ["choir", t("Choir")]], t("as it fits"));
  fillSelect(at("pick-language"), LANGUAGES.map((name) => [name, t(name)]), t("as it fits"));
  for (const name of Object.keys(PICKERS)) {
    // A number counts from when it is one: its field is left only later.
    at(`pick-${name}`).addEventListener("input", ({ target }) => {
      const words = textarea();
      if (!target.validity.valid) return;
      words.value = withValue(name, target.value, words.value);
      words.dispatchEvent(new Event("input", { bubbles: true }));
    });
  }
}
