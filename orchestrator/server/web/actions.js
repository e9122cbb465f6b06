// What is done to the open song itself: another name, a star, tags, its prompt back into the form.

import { askJson } from "/page/api.js";
import { announce, isRunning } from "/page/progress.js";
import { wireNewCover } from "/page/newcover.js";
import { tagsIn } from "/page/selection.js";
import { wireSharing } from "/page/sharing.js";
import { nameOf } from "/page/track.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);

let song = null;
let changed = () => {};

// The answer is the whole song; a song that was opened meanwhile stays as it is.
async function patch(body) {
  at("action-error").hidden = true;
  try {
    changed(await askJson(`/songs/${encodeURIComponent(song.id)}`, { method: "PATCH", body }));
    return true;
  } catch (problem) {
    at("action-error").textContent = problem.sentence || t("That did not work. Reload the page.");
    at("action-error").hidden = false;
    return false;
  }
}

function rename(open) {
  at("rename-form").hidden = !open;
  at("title-line").hidden = open;
  if (open) {
    at("rename-input").value = nameOf(song);
    at("rename-input").select();
    at("rename-input").focus();
  } else {
    at("rename-button").focus();
  }
}

function tagChip(tag) {
  const item = document.createElement("li");
  const remove = Object.assign(document.createElement("button"), { type: "button", textContent: "×" });
  remove.setAttribute("aria-label", t("Remove the tag {tag}", { tag }));
  remove.addEventListener("click", async () => {
    if (await patch({ tags: song.tags.filter((one) => one !== tag) })) at("tag-input").focus();
  });
  item.append(Object.assign(document.createElement("span"), { textContent: tag, translate: false }), remove);
  return item;
}

export function showActions(shown) {
  if (song?.id !== shown.id) {
    at("rename-form").hidden = true;
    at("title-line").hidden = false;
    at("tag-input").value = "";
  }
  song = shown;
  const { favourite = false, tags = [] } = shown;
  at("favourite-button").setAttribute("aria-pressed", String(favourite));
  at("favourite-button").title = favourite ? t("A favourite") : t("Make it a favourite");
  at("song-tags").replaceChildren(...tags.map(tagChip), at("tag-item"));
  const done = shown.status === "done";
  // While it is made, its manifest is its maker's.
  at("title-tools").hidden = at("song-tags").hidden = isRunning(shown.status);
  for (const id of ["share-button", "cover-button"]) at(id).hidden = !done;
}

// changed(song) shows the song's new facts; order(path, body, failed) asks for a song and opens it.
export function wireActions(wiring) {
  changed = wiring.changed;
  at("favourite-button").addEventListener("click", () => patch({ favourite: !song.favourite }));
  at("rename-button").addEventListener("click", () => rename(true));
  at("rename-cancel").addEventListener("click", () => rename(false));
  at("rename-form").addEventListener("keydown", (event) => event.key === "Escape" && rename(false));
  at("rename-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const title = at("rename-input").value.trim();
    if (!title || title === nameOf(song)) return rename(false);
    if (await patch({ title })) rename(false);
  });
  at("tag-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const { tags = [] } = song;
    const added = tagsIn(at("tag-input").value).filter((tag) => !tags.includes(tag));
    if (!added.length || (await patch({ tags: [...tags, ...added] }))) at("tag-input").value = "";
    at("tag-input").focus();
  });
  // The form takes it from here.
  at("reuse-button").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("songwright:reuse", { detail: song }));
    announce(t("The prompt is in the form again."));
  });
  wireSharing(() => song);
  wireNewCover(() => song, wiring.order);
}
