// What several views are built from: code with a copy button, folded parts, links.

import { element } from "/page/docs/schema.js";
import { t } from "/page/words.js";

// Where the clipboard is not there (plain http from another machine), the text is selected and copied as by hand.
async function copied(text, box) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(box.querySelector("pre"));
    document.execCommand("copy");
  }
}

// A long example scrolls in its own box, which the keyboard reaches.
export function codeBox(text, label) {
  return element("pre", { tabindex: "0", role: "group", "aria-label": label, translate: "no" }, text);
}

export function copyable(text, label) {
  const button = element("button", { type: "button", class: "copy", "aria-label": `${t("Copy")}: ${label}` }, t("Copy"));
  const box = element("div", { class: "copyable" }, codeBox(text, label), button);
  button.addEventListener("click", async () => {
    await copied(text, box);
    button.textContent = t("Copied");
    setTimeout(() => (button.textContent = t("Copy")), 2000);
  });
  return box;
}

// Several codes in one place, of which one is shown.
let chosen = "";
export function choices(named, label) {
  const names = Object.keys(named);
  if (!names.includes(chosen)) chosen = names[0];
  const box = element("div", { class: "choice-box" });
  const buttons = names.map((name) => element("button", { type: "button" }, name));
  const show = () => {
    names.forEach((name, index) => buttons[index].setAttribute("aria-pressed", String(name === chosen)));
    box.replaceChildren(copyable(named[chosen](), `${label}, ${chosen}`));
  };
  buttons.forEach((button, index) => button.addEventListener("click", () => {
    chosen = names[index];
    show();
  }));
  show();
  return element("div", { class: "samples" }, element("div", { class: "choices", role: "group", "aria-label": label }, ...buttons), box);
}

export function folded(summary, parts, attributes = {}) {
  return element("details", attributes, element("summary", {}, ...summary), element("div", { class: "inside" }, ...parts));
}

// Open beside the contents on a desk; on a phone a view would be too long with it.
export const wide = matchMedia("(min-width: 960px)");
export function unfolded(summary, parts, attributes = {}) {
  return folded(summary, parts, wide.matches ? { open: "", ...attributes } : attributes);
}

export const badge = (method) => element("span", { class: `method method-${method}`, translate: "no" }, method.toUpperCase());

// The API's own text is English in every language of the page.
export function english(tag, attributes, ...inside) {
  return element(tag, { lang: "en", translate: "no", ...attributes }, ...inside);
}

export function heading(text, attributes = {}) {
  return element("h1", { id: "view-heading", tabindex: "-1", ...attributes }, text);
}

export const title = (text) => text[0].toUpperCase() + text.slice(1).replaceAll("_", " ");
