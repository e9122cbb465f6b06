// The API token: kept in this browser, asked for in a dialog, never part of an address.

const KEY = "songwright.token";

// Private windows may refuse storage; the token then lives as long as the page.
let held = null;
try {
  held = localStorage.getItem(KEY);
} catch {
  held = null;
}

export function currentToken() {
  return held;
}

function keep(token) {
  held = token;
  try {
    if (token) localStorage.setItem(KEY, token);
    else localStorage.removeItem(KEY);
  } catch {
    // Storage is refused; `held` is enough until the page closes.
  }
}

const dialog = document.getElementById("token-dialog");
const form = document.getElementById("token-form");
const input = document.getElementById("token-input");
const error = document.getElementById("token-error");
const save = document.getElementById("token-save");
const forget = document.getElementById("token-forget");
const close = document.getElementById("token-close");

function say(message) {
  error.textContent = message;
  error.hidden = !message;
  input.setAttribute("aria-invalid", message ? "true" : "false");
}

export function askForToken(reason = "") {
  say(reason);
  if (dialog.open) return;
  input.value = "";
  forget.hidden = close.hidden = !held;
  dialog.showModal();
  input.focus();
}

async function check(token) {
  try {
    const response = await fetch("/auth-status", {
      method: "POST",
      headers: { Authorization: `Bearer ${token}` },
    });
    if (response.ok) return "";
    if (response.status === 401) return "The server does not know this token. Check for a missing letter or a space.";
    const problem = await response.json().catch(() => ({}));
    return problem.detail || `The server answered ${response.status}. Try again in a moment.`;
  } catch {
    return "The server cannot be reached. Is it running?";
  }
}

export function wireToken({ accepted, forgotten }) {
  document.getElementById("token-button").addEventListener("click", () => askForToken());
  close.addEventListener("click", () => dialog.close());
  forget.addEventListener("click", () => {
    keep(null);
    forgotten();
    forget.hidden = close.hidden = true;
    say("");
    input.focus();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const token = input.value.trim();
    // A header cannot carry other characters; fetch would throw a riddle.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      say(token ? "A token has no spaces or special letters inside." : "Paste the token here.");
      return;
    }
    save.disabled = true;
    const wrong = await check(token);
    save.disabled = false;
    say(wrong);
    if (wrong) {
      input.focus();
      input.select();
      return;
    }
    keep(token);
    dialog.close();
    accepted();
  });
}
