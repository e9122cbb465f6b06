// What can be made of the open song: more of it, another part, other words, another style, its stems.

import { readText } from "/page/api.js";
import { parseLrc } from "/page/lyrics.js";
import { pickSpan } from "/page/songplayer.js";
import { sectionName } from "/page/terms.js";
import { clock } from "/page/times.js";
import { showSpan } from "/page/waveform.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const part = at("change-part");
const form = at("change-form");
const FIELDS = ["by_s", "start_s", "end_s", "lyrics", "prompt", "strength"];
// The names of the API's fields, where a field of the form is called otherwise.
const IDS = { by_s: "change-by", start_s: "change-from", end_s: "change-to", lyrics: "change-lyrics", prompt: "change-prompt", strength: "change-strength" };
const VERBS = {
  extend: "Make it longer",
  repaint: "Make this part anew",
  resing: "Sing these words",
  remix: "Make it in this style",
  stems: "Separate the stems",
};

let song = null;
let timed = [];
// Whether the words were typed: those that are only suggested may be replaced, and need not be sent.
let typed = false;

const task = () => form.elements.task.value;
const seconds = () => song?.music?.duration_s || 0;
const second = (value) => Math.round(value * 10) / 10;

function wordsBetween(from, to) {
  return timed.filter((line) => line.text && line.start >= from && line.start < to).map((line) => line.text).join("\n");
}

function suggestWords() {
  if (typed) return;
  const words = { repaint: () => wordsBetween(Number(at("change-from").value), Number(at("change-to").value)), resing: () => song.plan?.lyrics || "" };
  at("change-lyrics").value = words[task()]?.() || "";
}

function markSpan() {
  const picking = part.open && !part.hidden && task() === "repaint";
  pickSpan(picking ? (from, to) => setSpan(Math.min(from, to), Math.max(from, to)) : null);
  showSpan(picking ? [Number(at("change-from").value) / seconds(), Number(at("change-to").value) / seconds()] : null);
}

function setSpan(from, to) {
  at("change-from").value = second(Math.max(0, from));
  at("change-to").value = second(Math.min(seconds(), to));
  at("change-section").value = "";
  spanChanged();
}

function spanChanged() {
  suggestWords();
  markSpan();
}

function showTask() {
  for (const field of form.querySelectorAll("[data-tasks]")) {
    field.hidden = !field.dataset.tasks.split(" ").includes(task());
  }
  at("change-button").textContent = t(VERBS[task()]);
  clearErrors();
  suggestWords();
  markSpan();
}

function showSectionChoice() {
  const sections = song.music?.sections || [];
  const options = sections.map((section, index) => {
    const name = t("{section}, {from} to {to}", { section: sectionName(section.kind), from: clock(section.start_s), to: clock(section.end_s) });
    return Object.assign(document.createElement("option"), { value: String(index), textContent: name });
  });
  at("change-section").replaceChildren(Object.assign(document.createElement("option"), { value: "", textContent: t("As below") }), ...options);
  const first = Math.max(0, sections.findIndex((section) => section.kind === "verse"));
  if (sections.length) {
    at("change-section").value = String(first);
    pickSection();
  }
}

function pickSection() {
  const section = song.music.sections[Number(at("change-section").value)];
  if (at("change-section").value === "" || !section) return;
  at("change-from").value = second(section.start_s);
  at("change-to").value = second(section.end_s);
  spanChanged();
}

function clearErrors() {
  at("change-error").hidden = true;
  for (const name of FIELDS) {
    at(`${IDS[name]}-error`).hidden = true;
    at(IDS[name]).removeAttribute("aria-invalid");
  }
}

function complain(problem) {
  const id = IDS[problem.field];
  const beside = id && !at(id).closest("[data-tasks]").hidden;
  const place = at(beside ? `${id}-error` : "change-error");
  place.textContent = (beside ? problem.besideField : problem.sentence) || t("That did not work. Reload the page.");
  place.hidden = false;
  if (beside) {
    at(id).setAttribute("aria-invalid", "true");
    at(id).focus();
  }
}

function bodyOf() {
  const words = typed ? at("change-lyrics").value.trim() : "";
  const body = {
    extend: () => ({ by_s: at("change-by").valueAsNumber, before: at("change-before").checked, lyrics: words, prompt: at("change-prompt").value }),
    repaint: () => ({ start_s: at("change-from").valueAsNumber, end_s: at("change-to").valueAsNumber, lyrics: words, prompt: at("change-prompt").value }),
    resing: () => ({ lyrics: at("change-lyrics").value }),
    remix: () => ({ prompt: at("change-prompt").value, strength: at("change-strength").valueAsNumber / 100 }),
    stems: () => ({}),
  }[task()]();
  // An empty number is no number of JSON: without it, the answer says that it is missing.
  for (const [name, value] of Object.entries(body)) if (Number.isNaN(value)) delete body[name];
  return body;
}

// Shows the panel for a song that is done; hides it for any other.
export function showChange(shown, signal) {
  if (song?.id !== shown.id) at("change-prompt").value = ""; // it was meant for another song
  song = shown;
  timed = [];
  typed = false;
  part.hidden = shown.status !== "done" || !shown.urls?.audio;
  part.open = false;
  if (part.hidden) return markSpan();
  at("change-stems").hidden = Object.keys(shown.urls).some((role) => role.startsWith("stem:"));
  if (at("change-stems").hidden && task() === "stems") form.elements.task.value = "extend";
  const has = shown.urls.lrc || shown.assets?.lrc;
  if (has) {
    readText(shown.id, "lrc", signal).then((text) => {
      if (song === shown) timed = parseLrc(text);
      suggestWords();
    }).catch(() => {}); // the words are only suggested
  }
  showSectionChoice();
  showTask();
}

// order(path, body, failed) asks for the song and opens it.
export function wireChange({ order }) {
  for (const radio of form.querySelectorAll('[name="task"]')) radio.addEventListener("change", () => ((typed = false), showTask()));
  at("change-lyrics").addEventListener("input", () => (typed = true));
  at("change-section").addEventListener("change", pickSection);
  for (const id of ["change-from", "change-to"]) {
    at(id).addEventListener("input", () => ((at("change-section").value = ""), spanChanged()));
  }
  part.addEventListener("toggle", markSpan);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    clearErrors();
    at("change-button").disabled = true;
    await order(`/songs/${encodeURIComponent(song.id)}/${task()}`, bodyOf(), complain);
    at("change-button").disabled = false;
  });
}
