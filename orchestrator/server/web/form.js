// The form: what was typed becomes a request, and the API's complaints find their field.

import { secondsOf } from "/page/duration.js";
import { chosenPhoto, faultOf, showPreview, takePhoto, wirePhoto } from "/page/photo.js";
import { readPickers, wirePickers } from "/page/pickers.js";
import { checkPlan, hasPlan, showPlan, wirePlan } from "/page/plan.js";
import { quoteSoon, wireQuote } from "/page/quote.js";
import { EXAMPLES, surprise } from "/page/surprise.js";
import { clock } from "/page/times.js";
import { t } from "/page/words.js";

const form = document.getElementById("make-form");
const field = (name) => document.getElementById(name);
const notice = field("form-error");
const DRAFT = "songwright.draft";

const MODES = {
  describe: { path: "/generate-from-description", texts: ["full_described_song"] },
  lyrics: { path: "/generate-with-lyrics", texts: ["prompt", "lyrics"] },
  about: { path: "/generate-with-described-lyrics", texts: ["prompt", "described_lyrics"] },
};
const KEPT = ["full_described_song", "prompt", "lyrics", "described_lyrics", "audio_duration", "seed", "format", "variations"];
const CHECKED = ["instrumental", "draft"];
const WORDS = {
  full_described_song: t("Say what the song should be."),
  prompt: t("Say what style the song should have."),
  lyrics: t("Put the lyrics here."),
  described_lyrics: t("Say what the lyrics are about."),
};
const PLAN_WORDS = {
  title: t("A title of 1 to 80 characters, please."),
  key: t("A key such as D minor or F# major, please."),
};

const mode = () => form.elements.mode.value;
const photo = () => (mode() === "describe" ? chosenPhoto() : undefined);
const styleField = () => field(mode() === "describe" ? "full_described_song" : "prompt");

function showMode() {
  for (const part of form.querySelectorAll("[data-modes]")) {
    part.hidden = !part.dataset.modes.split(" ").includes(mode());
  }
}

// With a photo nothing else has to be said, and its scene is read only when the song is made: there is no plan of it.
function showPhoto() {
  const chosen = photo();
  showPreview(chosen);
  field("image-more").hidden = !chosen;
  field("plan-button").hidden = field("plan-renew").hidden = Boolean(chosen);
}

function showOptions() {
  const parts = [];
  const seconds = secondsOf(field("audio_duration").value);
  if (seconds) parts.push(clock(seconds));
  if (field("seed").value !== "-1") parts.push(t("seed {n}", { n: field("seed").value }));
  if (field("format").value !== "wav") parts.push(field("format").value);
  if (field("variations").value !== "1") parts.push(t("{n} variations", { n: field("variations").value }));
  if (field("draft").checked) parts.push(t("a draft"));
  field("options-summary").textContent = parts.join(", ");
}

// What a plan is made from: the words, the length, whether anybody sings; a photo takes the place of it.
function basis() {
  const { path, texts } = MODES[mode()];
  const words = texts.map((name) => field(name).value.trim());
  return JSON.stringify([path, words, secondsOf(field("audio_duration").value), field("instrumental").checked, ...(photo() ? ["photo"] : [])]);
}

function showAll() {
  showMode();
  showOptions();
  showPhoto();
  readPickers(styleField().value, field("instrumental").checked);
  checkPlan(basis());
}

export function clearErrors() {
  notice.hidden = true;
  for (const error of form.querySelectorAll(".error")) error.hidden = true;
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function complainAt(name, message) {
  const control = field(name);
  const error = field(`${name}-error`);
  if (!control || !error || !form.contains(control) || control.closest("[data-modes][hidden]")) return false;
  if (control.closest("details")) field("options").open = true;
  error.textContent = message;
  error.hidden = false;
  control.setAttribute("aria-invalid", "true");
  control.focus();
  return true;
}

function complainOfPhoto(message) {
  field("image-error").hidden = true;
  field("image").removeAttribute("aria-invalid");
  if (message) complainAt("image", message);
}

export function complain(problem) {
  const message = problem.sentence || t("Something went wrong on this page. Try again.");
  if (problem.status === 413 && photo()) return complainOfPhoto(message);
  // Fields come as "seed", "body.seed" or "plan.key".
  const steps = (problem.field || "").split(".").filter((step) => step !== "body");
  if (steps[0] === "plan" && hasPlan()) {
    field("plan-error").textContent = PLAN_WORDS[steps[1]] || message;
    field(`plan-${steps[1]}`)?.setAttribute("aria-invalid", "true");
    field("plan-error").hidden = false;
    field("plan-error").scrollIntoView({ block: "nearest" });
    return;
  }
  if (steps.length && complainAt(steps[0], problem.besideField || message)) return;
  notice.textContent = message;
  notice.hidden = false;
}

function wholeNumber(name) {
  const text = field(name).value.trim();
  if (!text && !field(name).validity.badInput) return -1;
  const value = text ? Number(text) : NaN;
  return Number.isSafeInteger(value) && value >= -1 ? value : NaN;
}

// The request as { path, body }, or { fault: [field, complaint] } at the first field that is wrong.
function request() {
  const { path, texts } = MODES[mode()];
  const body = {};
  if (faultOf(photo())) return { fault: ["image", faultOf(photo())] };
  for (const name of texts) {
    body[name] = field(name).value.trim();
    if (!body[name] && !photo()) return { fault: [name, WORDS[name]] };
  }
  // Left empty it is not sent: the words may ask for a length.
  if (field("audio_duration").value.trim()) {
    body.audio_duration = secondsOf(field("audio_duration").value);
    if (!(body.audio_duration >= 5 && body.audio_duration <= 600)) {
      return { fault: ["audio_duration", t("A length from 5 s to 10:00, such as 3:00 or 180.")] };
    }
  }
  body.seed = wholeNumber("seed");
  if (Number.isNaN(body.seed)) return { fault: ["seed", t("A whole number, or -1 for a random one.")] };
  body.format = field("format").value;
  body.variations = Number(field("variations").value);
  body.instrumental = field("instrumental").checked;
  if (field("draft").checked) body.draft = true;
  return { path, body };
}

// The request as { path, body, basis }, or null when a field has been complained at.
export function readForm() {
  clearErrors();
  const { fault, ...made } = request();
  if (fault) complainAt(...fault);
  return fault ? null : { ...(photo() ? withPhoto(made.body) : made), basis: basis() };
}

function withPhoto({ full_described_song: prompt, ...rest }) {
  const data = new FormData();
  const fields = { prompt, photo_as_cover: field("photo_as_cover").checked, ...rest };
  for (const [name, value] of Object.entries(fields)) data.append(name, value);
  data.append("image", photo());
  return { path: "/generate-from-image", body: data };
}

// What is to be quoted. A photo need not come with words, and what reading it takes is not known before.
function quoted() {
  const { fault, path, body } = request();
  if (fault) return null;
  return photo() ? { path, body: { ...body, full_described_song: body.full_described_song || "a song" }, hasPhoto: true } : { path, body };
}

export function setBusy(busy, words) {
  for (const id of ["make-button", "plan-button", "plan-renew", "plan-without"]) field(id).disabled = busy;
  form.setAttribute("aria-busy", String(busy));
  field("make-button").textContent = words || t("Make the song");
}

function keepDraft() {
  const draft = { mode: mode() };
  for (const name of KEPT) draft[name] = field(name).value;
  for (const name of CHECKED) draft[name] = field(name).checked;
  try {
    sessionStorage.setItem(DRAFT, JSON.stringify(draft));
  } catch {
    // Without storage the draft lives as long as the page.
  }
}

function restoreDraft() {
  try {
    const draft = JSON.parse(sessionStorage.getItem(DRAFT));
    if (!draft) return;
    for (const name of KEPT) if (typeof draft[name] === "string") field(name).value = draft[name];
    for (const name of CHECKED) field(name).checked = Boolean(draft[name]);
    if (MODES[draft.mode]) form.elements.mode.value = draft.mode;
  } catch {
    // A draft that cannot be read is not worth a complaint.
  }
}

// Sets what is typed and all that follows from it, as if it had been typed.
function changed() {
  showAll();
  keepDraft();
  quoteSoon();
}

let given = ""; // the sentence that the page put into the form last
let replaced = ""; // the user's own words that it took the place of

function putWords(words) {
  form.elements.mode.value = "describe";
  field("full_described_song").value = words;
  field("words-back").hidden = !replaced;
  clearErrors();
  changed();
  field("full_described_song").focus();
}

// A sentence in the place of the words for a whole song. Words of the user's own can be had back.
export function beginWith(sentence) {
  const words = field("full_described_song").value.trim();
  if (words && words !== given) replaced = words;
  given = sentence;
  putWords(sentence);
}

function wordsBack() {
  const words = replaced;
  given = replaced = "";
  putWords(words);
}

// A song's own words back into the form.
export function reuse({ brief, plan }) {
  if (!brief) return;
  const given = brief.lyrics ? "lyrics" : brief.about ? "about" : "describe";
  form.elements.mode.value = given;
  field(given === "describe" ? "full_described_song" : "prompt").value = brief.description || "";
  if (given === "lyrics") field("lyrics").value = brief.lyrics;
  if (given === "about") field("described_lyrics").value = brief.about;
  if (given === "describe" && !brief.description && plan?.title) field("full_described_song").value = plan.title;
  field("audio_duration").value = brief.duration_s ? clock(brief.duration_s) : "";
  if (["wav", "flac", "mp3"].includes(brief.format)) field("format").value = brief.format;
  field("instrumental").checked = Boolean(brief.instrumental);
  field("draft").checked = false;
  field("seed").value = "-1";
  field("variations").value = "1";
  takePhoto(null);
  showPlan(null);
  clearErrors();
  changed();
  styleField().focus();
}

function wireExamples() {
  const chips = EXAMPLES.map(([name, sentence]) => {
    const chip = Object.assign(document.createElement("button"), { type: "button", className: "chip", textContent: t(name), title: sentence });
    chip.addEventListener("click", () => beginWith(sentence));
    return chip;
  });
  field("examples").append(...chips);
  field("surprise").addEventListener("click", () => beginWith(surprise()));
  field("words-back").addEventListener("click", wordsBack);
}

export function wireForm({ make, plan }) {
  restoreDraft();
  wirePlan({ make, plan });
  wirePickers(styleField);
  wireExamples();
  wirePhoto({ form, accepts: () => mode() === "describe", complain: complainOfPhoto });
  field("image").addEventListener("change", () => complainOfPhoto(faultOf(photo())));
  showAll();
  wireQuote(form, quoted);
  form.addEventListener("input", () => (showAll(), keepDraft()));
  form.addEventListener("change", () => (showAll(), keepDraft()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    make();
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      if (!field("make-button").disabled) make();
    }
  });
}
