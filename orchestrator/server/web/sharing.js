// A link to one song, for people without a token, that ends by itself.

import { askJson } from "/page/api.js";
import { nameOf } from "/page/track.js";
import { localDate, t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const dialog = at("share-dialog");
const HERE_ALONE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

function say(words, wrong = false) {
  at("share-note").textContent = words;
  at("share-note").classList.toggle("error", wrong);
}

async function copy() {
  const field = at("share-url");
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    say(t("Copied."));
  } catch {
    // Over http from another machine there is no clipboard: the link stands marked in its field.
    say(document.execCommand("copy") ? t("Copied.") : t("Press Ctrl+C to copy the marked link."));
  }
}

// Of another length it would be another link.
function forget() {
  at("share-made").hidden = true;
  at("share-make").hidden = false;
}

function open(song) {
  at("share-title").textContent = nameOf(song);
  forget();
  say("");
  dialog.showModal();
}

async function make(song) {
  at("share-make").disabled = true;
  say("");
  try {
    const body = { expires_s: Number(at("share-expires").value) };
    const { url, expires_at: end } = await askJson(`/songs/${encodeURIComponent(song.id)}/share`, { method: "POST", body });
    const link = new URL(url, location.href);
    at("share-url").value = link.href;
    const words = [t("It works until {date}.", { date: localDate(new Date(end)) })];
    if (HERE_ALONE.test(link.hostname)) {
      words.push(t("Only this computer can open this link. Start the server with {command} to share it with others.", { command: "songwright serve --host 0.0.0.0" }));
    }
    at("share-end").textContent = words.join(" ");
    at("share-made").hidden = false;
    at("share-make").hidden = true;
    at("share-send").hidden = !navigator.share;
    at("share-copy").focus();
  } catch (problem) {
    say(problem.sentence || t("That did not work. Reload the page."), true);
  }
  at("share-make").disabled = false;
}

export function wireSharing(current) {
  at("share-button").addEventListener("click", () => open(current()));
  at("share-form").addEventListener("submit", (event) => {
    event.preventDefault();
    make(current());
  });
  at("share-expires").addEventListener("change", forget);
  at("share-copy").addEventListener("click", copy);
  at("share-close").addEventListener("click", () => dialog.close());
  at("share-send").addEventListener("click", () => {
    navigator.share({ title: nameOf(current()), url: at("share-url").value }).catch(() => {}); // whoever sends nothing has only closed it
  });
}
