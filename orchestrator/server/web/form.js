// The form: what was typed becomes a request, and the API's complaints find their field.

const form = document.getElementById("make-form");
const field = (name) => document.getElementById(name);
const planPart = field("plan");
const notice = field("form-error");
const DRAFT = "songwright.draft";

const MODES = {
  describe: { path: "/generate-from-description", texts: ["full_described_song"] },
  lyrics: { path: "/generate-with-lyrics", texts: ["prompt", "lyrics"] },
  about: { path: "/generate-with-described-lyrics", texts: ["prompt", "described_lyrics"] },
};
const KEPT = ["full_described_song", "prompt", "lyrics", "described_lyrics", "audio_duration", "seed", "format", "variations"];
const WORDS = {
  full_described_song: "Say what the song should be.",
  prompt: "Say what style the song should have.",
  lyrics: "Put the lyrics here.",
  described_lyrics: "Say what the lyrics are about.",
};

const PLAN_WORDS = {
  title: "A title of 1 to 80 characters, please.",
  key: "A key such as D minor or F# major, please.",
};

const LARGEST_PHOTO = 10_000_000;

let plan = null;

const mode = () => form.elements.mode.value;
const photo = () => (mode() === "describe" ? field("image").files[0] : undefined);

function showMode() {
  for (const part of form.querySelectorAll("[data-modes]")) {
    part.hidden = !part.dataset.modes.split(" ").includes(mode());
  }
}

// With a photo nothing else has to be said, and its scene is read only when the song is made.
function showPhoto() {
  const chosen = Boolean(photo());
  field("image-more").hidden = !chosen;
  field("plan-button").hidden = chosen;
  if (chosen && plan) showPlan(null);
}

function showOptions() {
  const parts = [];
  if (field("audio_duration").value !== "180") parts.push(`${field("audio_duration").value} s`);
  if (field("seed").value !== "-1") parts.push(`seed ${field("seed").value}`);
  if (field("format").value !== "wav") parts.push(field("format").value);
  if (field("variations").value !== "1") parts.push(`${field("variations").value} variations`);
  field("options-summary").textContent = parts.join(", ");
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

export function complain(problem) {
  const message = problem.sentence || "Something went wrong on this page. Try again.";
  // Fields come as "seed", "body.seed" or "plan.key".
  const steps = (problem.field || "").split(".").filter((step) => step !== "body");
  if (steps[0] === "plan" && plan) {
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

function numberOf(name, fallback, { low, high, whole, words }) {
  const text = field(name).value.trim();
  if (!text && !field(name).validity.badInput) return fallback;
  const value = Number(text);
  const fits = text && Number.isFinite(value) && value >= low && value <= high && (!whole || Number.isInteger(value));
  if (fits) return value;
  complainAt(name, words);
  return null;
}

// The request as { path, body }, or null when a field has been complained at.
export function readForm() {
  clearErrors();
  const { path, texts } = MODES[mode()];
  const body = {};
  if (photo()?.size > LARGEST_PHOTO) return complainAt("image", "A photo of up to 10 MB, please.") && null;
  for (const name of texts) {
    body[name] = field(name).value.trim();
    if (!body[name] && !photo()) return complainAt(name, WORDS[name]) && null;
  }
  const duration = numberOf("audio_duration", 180, { low: 5, high: 600, words: "A number from 5 to 600." });
  if (duration === null) return null;
  const seed = numberOf("seed", -1, { low: -1, high: Number.MAX_SAFE_INTEGER, whole: true, words: "A whole number, or -1 for a random one." });
  if (seed === null) return null;
  body.audio_duration = duration;
  body.seed = seed;
  body.format = field("format").value;
  body.variations = Number(field("variations").value);
  body.instrumental = field("instrumental").checked;
  if (field("draft").checked) body.draft = true;
  return photo() ? withPhoto(body) : { path, body };
}

function withPhoto({ full_described_song: prompt, ...rest }) {
  const form = new FormData();
  const fields = { prompt, photo_as_cover: field("photo_as_cover").checked, ...rest };
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  form.append("image", photo());
  return { path: "/generate-from-image", body: form };
}

export function editedPlan() {
  if (!plan) return null;
  const tempo = Number(field("plan-tempo").value);
  const edited = { ...plan, title: field("plan-title").value.trim() || plan.title };
  edited.lyrics = field("plan-lyrics").value;
  edited.key = field("plan-key").value.trim() || plan.key;
  if (tempo > 0 && tempo !== plan.tempo_bpm) {
    edited.tempo_bpm = tempo;
    // A tempo someone typed is a wish, not a guess to be improved on.
    edited.tempo_fixed = true;
  }
  return edited;
}

export function showPlan(fresh) {
  plan = fresh;
  planPart.hidden = !plan;
  field("plan-button").textContent = plan ? "Plan anew" : "Plan first";
  if (!plan) return;
  field("plan-title").value = plan.title || "";
  field("plan-tempo").value = plan.tempo_bpm ?? "";
  field("plan-key").value = plan.key || "";
  field("plan-lyrics").value = plan.lyrics || "";
  const tags = plan.tags?.length ? plan.tags : plan.categories || [];
  field("plan-tags").replaceChildren(...tags.map((tag) => Object.assign(document.createElement("span"), { textContent: tag })));
  const warnings = field("plan-warnings");
  warnings.hidden = !plan.warnings?.length;
  warnings.replaceChildren(...(plan.warnings || []).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
  field("plan-heading").focus();
}

export function setBusy(busy, words) {
  for (const id of ["make-button", "plan-button"]) field(id).disabled = busy;
  form.setAttribute("aria-busy", String(busy));
  field("make-button").textContent = words || "Make the song";
}

function keepDraft() {
  const draft = { mode: mode(), instrumental: field("instrumental").checked };
  for (const name of KEPT) draft[name] = field(name).value;
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
    field("instrumental").checked = Boolean(draft.instrumental);
    if (MODES[draft.mode]) form.elements.mode.value = draft.mode;
  } catch {
    // A draft that cannot be read is not worth a complaint.
  }
}

export function wireForm({ make, plan: readPlan }) {
  restoreDraft();
  showMode();
  showOptions();
  showPhoto();
  form.addEventListener("input", keepDraft);
  form.addEventListener("change", () => (showMode(), showOptions(), showPhoto(), keepDraft()));
  field("image-drop").addEventListener("click", () => {
    field("image").value = "";
    showPhoto();
    field("image").focus();
  });
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
  field("plan-button").addEventListener("click", readPlan);
  field("plan-drop").addEventListener("click", () => {
    showPlan(null);
    field("plan-button").focus();
  });
}
