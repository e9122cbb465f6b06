// Who is signed in: a cookie that scripts cannot read. A one-time code or a token is exchanged for it; no token
// is kept, and neither is ever part of an address that a server sees.

import { wirePhone } from "/page/phone.js";
import { t } from "/page/words.js";

const OLD_KEY = "songwright.token"; // where earlier versions kept the token
const CODE = /^#code=([A-Za-z0-9_-]+)$/;
const COOKIE = "cookie";

// "cookie", a token in this page's memory where the browser keeps no cookie, or null.
let held = null;
let reason = "";

export function currentToken() {
  return held;
}

// The headers of a request that the token goes into; none where the cookie goes with it.
export function authorization() {
  return held && held !== COOKIE ? { Authorization: `Bearer ${held}` } : {};
}

// The code in the address, which is taken out of it and out of the history at once.
function takeCode() {
  const found = CODE.exec(location.hash);
  if (location.hash.startsWith("#code=")) history.replaceState(null, "", location.pathname + location.search);
  return found && found[1];
}

function takeOldToken() {
  try {
    const token = localStorage.getItem(OLD_KEY);
    localStorage.removeItem(OLD_KEY);
    return token;
  } catch {
    return null; // storage is refused, and so had nothing
  }
}

async function isSignedIn() {
  const response = await fetch("/session", { cache: "no-store" }).catch(() => null);
  if (!response) reason = t("The server cannot be reached. Is it running?");
  return Boolean(response?.ok && (await response.json()).signed_in);
}

// Exchanges a code or a token for the cookie. Returns what is wrong, in words; empty if nothing is.
async function signIn({ code, token }) {
  try {
    const response = await fetch("/session", {
      method: "POST",
      headers: token ? { Authorization: `Bearer ${token}` } : { "Content-Type": "application/json" },
      body: token ? undefined : JSON.stringify({ code }),
    });
    if (response.ok) {
      if (await isSignedIn()) held = COOKIE;
      else if (token) held = token; // the browser keeps no cookies: until the page closes
      else return t("This browser keeps no cookies. Paste the token instead.");
      return "";
    }
    if (response.status === 401 && token) {
      return t("The server does not know this token. Check for a missing letter or a space.");
    }
    if (response.status === 401) return t("This link was used before, or is too old. Take a new one.");
    const problem = await response.json().catch(() => ({}));
    return problem.detail || t("The server answered {status}. Try again in a moment.", { status: response.status });
  } catch {
    return t("The server cannot be reached. Is it running?");
  }
}

// Before anything else of the page runs: the modules that import this one wait for it.
async function begin() {
  const code = takeCode();
  const old = takeOldToken();
  if (code) {
    reason = await signIn({ code });
    if (held) return;
  }
  if (await isSignedIn()) {
    held = COOKIE;
    reason = "";
  } else if (old && (await signIn({ token: old }))) {
    reason = reason || t("The server does not take this token any more.");
  }
}

await begin();

const at = (id) => document.getElementById(id);
const dialog = at("token-dialog");
const form = at("token-form");
const input = at("token-input");
const error = at("token-error");
const save = at("token-save");
const forget = at("token-forget");
const close = at("token-close");

function say(message) {
  error.textContent = message;
  error.hidden = !message;
  input.setAttribute("aria-invalid", message ? "true" : "false");
}

export function askForToken(why = "") {
  say(why || reason);
  reason = "";
  if (dialog.open) return;
  input.value = "";
  forget.hidden = close.hidden = !held;
  dialog.showModal();
  input.focus();
}

async function signOut() {
  const response = await fetch("/session", { method: "DELETE" }).catch(() => null);
  if (!response?.ok) return t("The server cannot be reached. Is it running?");
  held = null;
  return "";
}

export function wireToken({ accepted, forgotten }) {
  document.documentElement.dataset.wired = ""; // from here on clicks are answered
  at("token-button").addEventListener("click", () => askForToken());
  wirePhone(forget, () => held, authorization, () => dialog.close());
  close.addEventListener("click", () => dialog.close());
  forget.addEventListener("click", async () => {
    const wrong = await signOut();
    say(wrong);
    if (wrong) return;
    forgotten();
    forget.hidden = close.hidden = true;
    input.focus();
  });
  // A link with a code that is opened in this very tab loads nothing anew.
  window.addEventListener("hashchange", async () => {
    const code = takeCode();
    if (!code) return;
    const wrong = await signIn({ code });
    if (wrong) return askForToken(wrong);
    dialog.close();
    accepted();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    // A header cannot carry other characters; fetch would throw a riddle.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      say(token ? t("A token has no spaces or special letters inside.") : t("Paste the token here."));
      return;
    }
    save.disabled = true;
    const wrong = await signIn({ token });
    save.disabled = false;
    say(wrong);
    if (wrong) {
      input.focus();
      input.select();
      return;
    }
    input.value = "";
    dialog.close();
    accepted();
  });
}
