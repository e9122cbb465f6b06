// The photo of the form: chosen, dropped or pasted, with a preview.

import { announce } from "/page/progress.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const input = at("image");
const place = at("photo-place");
const preview = at("image-preview");
const KINDS = ["image/png", "image/jpeg", "image/webp"];

let address = null;
let shownFile = null;

export const chosenPhoto = () => input.files[0];

export function showPreview(file) {
  if (file === shownFile) return;
  shownFile = file;
  if (address) URL.revokeObjectURL(address);
  address = file ? URL.createObjectURL(file) : null;
  preview.hidden = !file;
  place.classList.toggle("chosen", Boolean(file));
  if (address) preview.src = address;
  else preview.removeAttribute("src");
}

export function takePhoto(file) {
  const files = new DataTransfer();
  if (file) files.items.add(file);
  input.files = files.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function photoIn(transfer) {
  return [...(transfer?.files || [])].find((file) => KINDS.includes(file.type));
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");

export function wirePhoto({ form, accepts }) {
  // What cannot be shown need not be: the server says what is wrong with it.
  preview.addEventListener("error", () => (preview.hidden = true));
  at("image-drop").addEventListener("click", () => {
    takePhoto(null);
    input.focus();
  });
  form.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || !accepts()) return;
    event.preventDefault();
    place.classList.add("over");
  });
  form.addEventListener("dragleave", (event) => form.contains(event.relatedTarget) || place.classList.remove("over"));
  form.addEventListener("drop", (event) => {
    place.classList.remove("over");
    if (!hasFiles(event) || !accepts()) return;
    event.preventDefault();
    const photo = photoIn(event.dataTransfer);
    if (photo) takePhoto(photo);
    announce(photo ? t("The photo is added.") : t("Only a PNG, JPEG or WebP can be used."));
  });
  document.addEventListener("paste", (event) => {
    const photo = photoIn(event.clipboardData);
    if (!photo || !accepts() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    takePhoto(photo);
    announce(t("The photo is added."));
  });
}
