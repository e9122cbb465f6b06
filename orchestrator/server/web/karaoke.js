// The words of what plays, on the whole screen.

import { readSong, readText } from "/page/api.js";
import { Lyrics } from "/page/lyrics.js";
import { currentTime, currentTrack, onPlaying, onTime, playerState, seekAndPlay, togglePlaying } from "/page/player.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const dialog = at("karaoke");
const lyrics = new Lyrics(at("karaoke-box"));

let shownId = null;

function show(has) {
  at("karaoke-box").hidden = !has;
  at("karaoke-empty").hidden = has;
}

async function read(id) {
  shownId = id;
  lyrics.clear();
  at("karaoke-empty").textContent = t("This song has no words that are sung.");
  show(true);
  try {
    const song = await readSong(id);
    const has = (role) => song.urls?.[role] || song.assets?.[role];
    const lrc = has("lrc") ? await readText(id, "lrc") : "";
    if (shownId !== id) return;
    if (lrc && lyrics.showLrc(lrc, seekAndPlay)) return lyrics.follow(currentTime());
    const words = song.brief?.instrumental ? "" : song.plan?.lyrics || "";
    if (words) lyrics.showWords(words);
    show(Boolean(words));
  } catch (problem) {
    if (shownId !== id) return;
    at("karaoke-empty").textContent = problem.sentence || t("The words cannot be read.");
    show(false);
  }
}

function showState() {
  const track = currentTrack();
  if (!dialog.open) return;
  if (!track) return dialog.close();
  const { paused } = playerState();
  at("karaoke-title").textContent = track.title;
  at("karaoke-play").setAttribute("aria-label", paused ? t("Play") : t("Pause"));
  at("karaoke-play").classList.toggle("playing", !paused);
  at("karaoke-cover").hidden = !track.cover;
  if (track.cover && at("karaoke-cover").getAttribute("src") !== track.cover) at("karaoke-cover").src = track.cover;
  if (shownId !== track.id) read(track.id);
}

export function openKaraoke() {
  shownId = null;
  dialog.showModal();
  showState();
  at("karaoke-play").focus();
}

export function wireKaraoke() {
  at("karaoke-play").addEventListener("click", togglePlaying);
  at("karaoke-close").addEventListener("click", () => dialog.close());
  at("karaoke-cover").addEventListener("error", () => (at("karaoke-cover").hidden = true));
  onPlaying(showState);
  onTime((time) => dialog.open && lyrics.follow(time));
}
