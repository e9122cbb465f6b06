// The photo of the form: chosen, dropped or pasted, with a preview.

import { announce } from "/page/progress.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const input = at("image");
const place = at("photo-place");
const preview = at("image-preview");
const KINDS = ["image/png", "image/jpeg", "image/jpg", "image/webp"];
const LARGEST = 10_000_000;

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

// What of a photo cannot be right, in words, or "". What is left, the server looks at: a name may say anything.
export function faultOf(file) {
  if (!file) return "";
  const isOther = file.type ? !KINDS.includes(file.type) : /\.(hei[cf]|avif|gif|tiff?|bmp|svg|pdf)$/i.test(file.name);
  if (isOther) return t("Only a PNG, JPEG or WebP can be used.");
  return file.size > LARGEST ? t("A photo of up to 10 MB, please.") : "";
}

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
const isWritten = (element) => Boolean(element?.closest?.("textarea, input:not([type=file])"));

// Takes the one photo among the files. complain(words) says what is wrong with them.
function takeFrom(files, complain) {
  const photos = files.filter((file) => !faultOf(file));
  if (files.length > 1 && photos.length !== 1) return complain(t("One photo at a time, please."));
  const [photo] = photos.length ? photos : files;
  if (faultOf(photo)) return complain(faultOf(photo));
  takePhoto(photo);
  announce(t("The photo is added."));
}

export function wirePhoto({ form, accepts, complain }) {
  // What cannot be shown need not be: the server says what is wrong with it.
  preview.addEventListener("error", () => (preview.hidden = true));
  at("image-drop").addEventListener("click", () => {
    takePhoto(null);
    input.focus();
  });
  // A file that is dropped beside the form would be opened by the browser, in the place of the page.
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event) || event.target === input) return;
    event.preventDefault();
    const fits = accepts() && form.contains(event.target);
    event.dataTransfer.dropEffect = fits ? "copy" : "none";
    place.classList.toggle("over", fits);
  });
  document.addEventListener("dragleave", (event) => form.contains(event.relatedTarget) || place.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    place.classList.remove("over");
    if (!hasFiles(event) || event.target === input) return;
    event.preventDefault();
    if (accepts() && form.contains(event.target)) takeFrom([...event.dataTransfer.files], complain);
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files || [])];
    // Words that are copied from some programs come with a picture of themselves.
    const hasWords = isWritten(event.target) && event.clipboardData.types.includes("text/plain");
    if (!files.length || hasWords || !accepts() || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    takeFrom(files, complain);
  });
}
