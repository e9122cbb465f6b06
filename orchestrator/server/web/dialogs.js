// Questions in a dialog: a name or tags to edit, a deletion to confirm.

import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);

let save = null;

// Asks for one line of text; keep(text) saves it, and what it throws is said beside the field.
export function edit({ heading, label, hint = "", value = "", keep }) {
  at("edit-heading").textContent = heading;
  at("edit-label").textContent = label;
  at("edit-hint").textContent = hint;
  at("edit-hint").hidden = !hint;
  at("edit-error").hidden = true;
  at("edit-input").value = value;
  save = keep;
  at("edit-dialog").showModal();
  at("edit-input").select();
}

async function submit(event) {
  event.preventDefault();
  at("edit-save").disabled = true;
  try {
    await save(at("edit-input").value.trim());
    at("edit-dialog").close();
  } catch (problem) {
    at("edit-error").textContent = problem.besideField || problem.sentence || t("That did not work. Reload the page.");
    at("edit-error").hidden = false;
    at("edit-input").focus();
  }
  at("edit-save").disabled = false;
}

let answer = null;

// Whether one song, of this title, or several are really to be deleted.
export function confirmDelete({ title = "", count = 1 }) {
  at("delete-heading").textContent = count > 1 ? t("Delete {n} songs?", { n: count }) : t("Delete this song?");
  at("delete-one").hidden = count > 1;
  at("delete-many").hidden = count < 2;
  at("delete-many").textContent = t("They and all their files will be gone for good.");
  at("delete-title").textContent = title;
  at("delete-keep").textContent = count > 1 ? t("Keep them") : t("Keep it");
  at("delete-confirm").textContent = count > 1 ? t("Delete them") : t("Delete it");
  at("delete-dialog").returnValue = "";
  at("delete-dialog").showModal();
  return new Promise((resolve) => (answer = resolve));
}

export function wireDialogs() {
  at("edit-form").addEventListener("submit", submit);
  at("edit-close").addEventListener("click", () => at("edit-dialog").close());
  at("delete-dialog").addEventListener("close", () => answer?.(at("delete-dialog").returnValue === "delete"));
}
