// A plan to read and change before the song is made. It belongs to the words that it was made from: once those
// are changed it is out of date, and once it has been used it is gone.

import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const KEPT = "songwright.plan";
const EDITED = ["title", "tempo", "key", "lyrics"];

let plan = null;
let basis = "";
let stale = false;

export const planIsStale = () => Boolean(plan) && stale;
export const hasPlan = () => Boolean(plan);

function keep() {
  try {
    if (!plan) sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, JSON.stringify({ plan, basis, edits: EDITED.map((name) => at(`plan-${name}`).value) }));
  } catch {
    // Without storage the plan lives as long as the page.
  }
}

// What of the form the plan was made from, as one text; `now` is what the form says.
export function checkPlan(now) {
  if (!plan) return;
  stale = now !== basis;
  at("plan").classList.toggle("stale", stale);
  if (at("plan-stale").hidden !== !stale) at("plan-stale").hidden = !stale;
}

export function pointAtStalePlan() {
  at("plan-stale").scrollIntoView({ block: "center" });
  at(at("plan-renew").hidden ? "plan-without" : "plan-renew").focus();
}

export function editedPlan() {
  if (!plan) return null;
  const tempo = Number(at("plan-tempo").value);
  const edited = { ...plan, title: at("plan-title").value.trim() || plan.title };
  edited.lyrics = at("plan-lyrics").value;
  edited.key = at("plan-key").value.trim() || plan.key;
  if (tempo > 0 && tempo !== plan.tempo_bpm) {
    edited.tempo_bpm = tempo;
    // A tempo someone typed is a wish, not a guess to be improved on.
    edited.tempo_fixed = true;
  }
  return edited;
}

function fill() {
  at("plan").hidden = !plan;
  at("plan-button").textContent = plan ? t("Plan anew") : t("Plan first");
  at("plan-stale").hidden = true;
  at("plan").classList.remove("stale");
  at("plan-error").hidden = true;
  for (const name of EDITED) at(`plan-${name}`).removeAttribute("aria-invalid");
  if (!plan) return;
  at("plan-title").value = plan.title || "";
  at("plan-tempo").value = plan.tempo_bpm ?? "";
  at("plan-key").value = plan.key || "";
  at("plan-lyrics").value = plan.lyrics || "";
  const tags = plan.tags?.length ? plan.tags : plan.categories || [];
  at("plan-tags").replaceChildren(...tags.map((tag) => Object.assign(document.createElement("span"), { textContent: tag })));
  const warnings = at("plan-warnings");
  warnings.hidden = !plan.warnings?.length;
  warnings.replaceChildren(...(plan.warnings || []).map((line) => Object.assign(document.createElement("li"), { textContent: line })));
}

// `from` is what the form said when the plan was asked for: it may have been edited meanwhile.
export function showPlan(fresh, from = "") {
  plan = fresh;
  basis = from;
  stale = false;
  fill();
  keep();
  if (plan) at("plan-heading").focus();
}

function restore() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT));
    if (!kept?.plan) return;
    ({ plan, basis } = kept);
    fill();
    EDITED.forEach((name, index) => (at(`plan-${name}`).value = kept.edits[index]));
  } catch {
    // A plan that cannot be read is not worth a complaint.
  }
}

export function wirePlan({ make, plan: planAgain }) {
  restore();
  at("plan").addEventListener("input", keep);
  at("plan-button").addEventListener("click", planAgain);
  at("plan-renew").addEventListener("click", planAgain);
  at("plan-without").addEventListener("click", () => make({ withoutPlan: true }));
  at("plan-drop").addEventListener("click", () => {
    showPlan(null);
    at("plan-button").focus();
  });
}
