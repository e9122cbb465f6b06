// The same song with another cover.

import { askJson } from "/page/api.js";
import { announce } from "/page/progress.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const dialog = at("cover-dialog");

async function paint(song, painted) {
  at("cover-make").disabled = true;
  at("cover-error").hidden = true;
  try {
    // Another seed each time, so that the same words make another picture.
    const [seed] = crypto.getRandomValues(new Uint32Array(1));
    const prompt = at("cover-prompt").value.trim();
    const body = { seed: seed >>> 1, ...(prompt ? { prompt } : {}) };
    const fresh = await askJson(`/songs/${encodeURIComponent(song.id)}/cover`, { method: "POST", body });
    dialog.close();
    painted(fresh);
    announce(t("The new cover is there."));
  } catch (problem) {
    at("cover-error").textContent = problem.sentence || t("That did not work. Reload the page.");
    at("cover-error").hidden = false;
  }
  at("cover-make").disabled = false;
}

export function wireNewCover(current, painted) {
  at("cover-button").addEventListener("click", () => {
    at("cover-error").hidden = true;
    at("cover-prompt").value = "";
    at("cover-prompt").placeholder = current().plan?.cover_prompt || "";
    dialog.showModal();
  });
  at("cover-form").addEventListener("submit", (event) => {
    event.preventDefault();
    paint(current(), painted);
  });
  at("cover-close").addEventListener("click", () => dialog.close());
}
