// Another cover for the open song: a new song with the same sound and words.

import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const dialog = at("cover-dialog");

// order(path, body, failed) asks for the song and opens it.
async function paint(song, order) {
  at("cover-make").disabled = true;
  at("cover-error").hidden = true;
  // Another seed each time, so that the same words make another picture.
  const [seed] = crypto.getRandomValues(new Uint32Array(1));
  const prompt = at("cover-prompt").value.trim();
  const body = { seed: seed >>> 1, ...(prompt ? { prompt } : {}) };
  const failed = (problem) => {
    at("cover-error").textContent = problem.sentence || t("That did not work. Reload the page.");
    at("cover-error").hidden = false;
  };
  if (await order(`/songs/${encodeURIComponent(song.id)}/cover`, body, failed)) {
    dialog.close();
    // The button that opened it is away while the new song is made.
    at("song-title").focus({ preventScroll: true });
  }
  at("cover-make").disabled = false;
}

export function wireNewCover(current, order) {
  at("cover-button").addEventListener("click", () => {
    at("cover-error").hidden = true;
    at("cover-prompt").value = "";
    at("cover-prompt").placeholder = current().plan?.cover_prompt || "";
    dialog.showModal();
  });
  at("cover-form").addEventListener("submit", (event) => {
    event.preventDefault();
    paint(current(), order);
  });
  at("cover-close").addEventListener("click", () => dialog.close());
}
