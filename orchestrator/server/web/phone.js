// "Open on your phone": a one-time code as a QR code and as a link.

import { localDate, t } from "/page/words.js";

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function makeDialog() {
  const code = element("img", { class: "qr", width: "256", height: "256", alt: t("QR code of the link") });
  const link = element("input", { type: "text", readonly: "", id: "phone-link", translate: "no" });
  const note = element("p", { class: "hint" });
  const wrong = element("p", { class: "error", role: "alert" });
  const close = element("button", { type: "button" }, t("Close"));
  const heading = element("h2", { id: "phone-heading" }, t("Open on your phone"));
  const label = element("label", { for: "phone-link" }, t("Or open this link there"));
  const field = element("div", { class: "field" }, label, link);
  const dialog = element("dialog", { id: "phone-dialog", "aria-labelledby": "phone-heading" });
  dialog.append(heading, code, field, note, wrong, element("div", { class: "row" }, close));
  close.addEventListener("click", () => dialog.close());
  // The code is good until it is used: it does not stay in the page.
  dialog.addEventListener("close", () => {
    code.removeAttribute("src");
    link.value = "";
  });
  link.addEventListener("focus", () => link.select());
  document.body.append(dialog);
  return { dialog, code, link, field, note, wrong };
}

let parts = null;

function show(made) {
  parts.code.hidden = parts.field.hidden = !made || made.local;
  parts.wrong.textContent = "";
  parts.note.textContent = "";
  if (!made) return;
  if (made.local) {
    // No other machine can open an address of this one alone.
    parts.note.textContent = t("Only this computer reaches the server. Start it with {command} to open it on your phone.", {
      command: "songwright serve --host 0.0.0.0",
    });
    return;
  }
  parts.code.src = `data:image/svg+xml,${encodeURIComponent(made.qr)}`;
  parts.link.value = made.url;
  const until = localDate(new Date(made.expires_at), { timeStyle: "short" });
  parts.note.textContent = t("The link signs one device in, once, until {time}.", { time: until });
}

export async function openOnPhone(authorization) {
  parts = parts || makeDialog();
  show(null);
  parts.dialog.showModal();
  try {
    const response = await fetch("/session/codes", { method: "POST", headers: authorization() });
    const document = await response.json().catch(() => ({}));
    if (response.ok) return show(document);
    parts.wrong.textContent = document.detail || t("The server answered {status}. Try again in a moment.", { status: response.status });
  } catch {
    parts.wrong.textContent = t("The server cannot be reached. Is it running?");
  }
}

// Adds the button after `before`. It is there while `held()` says that somebody is signed in.
export function wirePhone(before, held, authorization, leave) {
  const button = element("button", { type: "button", id: "phone-button" }, t("Open on your phone"));
  before.after(button);
  const follow = () => (button.hidden = before.hidden || !held());
  new MutationObserver(follow).observe(before, { attributes: true, attributeFilter: ["hidden"] });
  follow();
  button.addEventListener("click", () => {
    leave();
    openOnPhone(authorization);
  });
}
