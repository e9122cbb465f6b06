// One song to hear before any was made here.

import { beginWith } from "/page/form.js";
import { onPlaying, playing, togglePlaying } from "/page/player.js";
import { t } from "/page/words.js";

const button = document.getElementById("ready-play");
const SENTENCE = "a dreamy synthwave song with a female vocal about neon rain";

const sound = new Audio();
sound.preload = "none";

function show() {
  button.classList.toggle("playing", !sound.paused);
  button.setAttribute("aria-label", sound.paused ? t("Play an example: The Neon Rain") : t("Stop the example"));
}

export function wireReady() {
  button.addEventListener("click", () => {
    if (!sound.src) sound.src = "/page/ready/song.mp3";
    if (!sound.paused) return sound.pause();
    // One sound at a time.
    if (playing() && !playing().paused) togglePlaying();
    sound.play().catch(show);
  });
  for (const type of ["play", "pause", "ended"]) sound.addEventListener(type, show);
  onPlaying((now) => now && !now.paused && sound.pause());
  // With the first song of one's own it goes, and its button with it.
  const place = document.getElementById("library-empty");
  new MutationObserver(() => place.hidden && sound.pause()).observe(place, { attributeFilter: ["hidden"] });
  document.getElementById("ready-use").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("songwright:tab", { detail: "create" }));
    beginWith(SENTENCE);
  });
}
