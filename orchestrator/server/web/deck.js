// The song that is loaded into the page's one sound: where it is in it, and who is to know. It has no looks of its own.
// What is loaded after it, and what becomes of one that breaks off, is player.js.

import { keep, kept } from "/page/kept.js";
import { joinQueue, moveTo, recallQueue } from "/page/queue.js";
import { audio, fitSpeed, soundState, wireSound } from "/page/sound.js";
import { t } from "/page/words.js";

const SAVED_MS = 5000;

// What trackOf() makes of a song, and `resumeAt`: the second from which it is to go on once its sound has come.
let track = null;
let duration = 0;
// Whether somebody pressed play for this track: such a one is not replaced by a song that is only looked at.
let started = false;
let fault = "";
let frame = 0;
let savedAt = 0;

const stateListeners = new Set();
const timeListeners = new Set();

export const onPlaying = (listener) => void stateListeners.add(listener);
export const onTime = (listener) => void timeListeners.add(listener);

export const playing = () => (track ? { id: track.id, paused: audio.paused } : null);
export const currentTrack = () => track;
export const currentTime = () => track?.resumeAt || (isLoaded() && audio.currentTime) || 0;
export const playerState = () => ({ ...soundState(), duration, fault, paused: audio.paused });
export const canMove = () => Boolean(track) && (!track.live || Boolean(track.whole));
export const soundUrl = () => audio.getAttribute("src") || "";

// Whether the sound is there or on its way. One that broke off is not, and must be read anew.
export const isLoaded = () => Boolean(soundUrl()) && !audio.error;

export function changed() {
  for (const listener of stateListeners) listener(playing());
}

function showTime() {
  const time = currentTime();
  for (const listener of timeListeners) listener(time, duration);
}

function tick() {
  showTime();
  frame = audio.paused ? 0 : requestAnimationFrame(tick);
}

function setDuration(seconds) {
  duration = seconds || 0;
  changed();
}

// Says what is wrong beside the song; with "" that nothing is.
export function complain(words) {
  fault = words;
  changed();
}

export function load(url, time, andPlay) {
  track.resumeAt = time;
  audio.preload = track.live ? "auto" : "metadata";
  audio.src = url;
  fitSpeed();
  if (andPlay) play();
}

function begin() {
  if (Number.isFinite(audio.duration)) setDuration(audio.duration);
  if (!track) return;
  // Another sound of the song may end before that second: then it is heard from its beginning.
  if (track.resumeAt && track.resumeAt < audio.duration) audio.currentTime = track.resumeAt;
  track.resumeAt = 0;
}

// Puts another song in.
export function take(fresh, time, andPlay) {
  track = { ...fresh };
  started = andPlay;
  fault = "";
  moveTo(track.id);
  load(track.url, time, andPlay);
  setDuration(track.seconds);
  showTime();
}

export async function play() {
  started = true;
  fault = "";
  joinQueue(track.id);
  try {
    await audio.play();
  } catch (problem) {
    // AbortError is only a newer press of the button; a failed load is said by the error event.
    if (problem.name === "NotAllowedError") complain(t("The browser wants another press of the play button."));
  }
}

export function pausePlayer() {
  audio.pause();
}

// Shows a song that was opened in the player too, unless another one is being listened to. Whether it is there now.
export function cue(fresh) {
  if (track?.id === fresh.id && isLoaded()) {
    if (track.live && !fresh.live) {
      // Who listens already hears the same song to its end: another source would be a gap.
      if (audio.currentTime > 0 && !audio.ended) Object.assign(track, fresh, { url: track.url, live: true, whole: fresh.url });
      else take(fresh, 0, false);
    } else {
      Object.assign(track, fresh, { whole: track.whole, live: track.live });
    }
    changed();
    return true;
  }
  if (track?.id === fresh.id) {
    const before = started;
    take(fresh, fresh.live ? 0 : currentTime(), false);
    started = before;
    return true;
  }
  if (track && started && !audio.ended) return false;
  take(fresh, 0, false);
  return true;
}

// A song that plays has another title or cover now.
export function renewTrack(fresh) {
  if (!fresh || track?.id !== fresh.id) return;
  Object.assign(track, { title: fresh.title, cover: fresh.cover, kinds: fresh.kinds });
  remember();
  changed();
}

// The song was renamed in a row of the library, or by somebody else.
export function renameTrack(id, title) {
  if (!title || track?.id !== id || track.title === title) return;
  track.title = title;
  remember();
  changed();
}

export function seek(seconds) {
  // What comes while it is made comes once, from its beginning to its end.
  if (!canMove()) return;
  const time = Math.min(Math.max(0, seconds), Math.max(0, duration - 0.05));
  if (track.live) playWhole(time, !audio.paused);
  else if (isLoaded() && audio.readyState >= HTMLMediaElement.HAVE_METADATA) audio.currentTime = time;
  else track.resumeAt = time;
  showTime();
  changed();
}

// The file of a song that was heard while it was made.
export function playWhole(time, andPlay) {
  const url = track.whole;
  Object.assign(track, { live: false, whole: null, url });
  load(url, time, andPlay);
}

// Another sound of the same song is heard, from the same second on.
export function swapSound(url) {
  load(url, currentTime(), true);
}

export function unload() {
  track = null;
  started = false;
  fault = "";
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  keep("last", null);
  setDuration(0);
  showTime();
}

function remember() {
  if (!track || !started) return;
  const { id, title, cover, kinds, seconds } = track;
  const time = audio.ended ? 0 : currentTime();
  keep("last", { id, title, cover, kinds, seconds, time });
  savedAt = Date.now();
}

// What was listened to last stands in the bar again, and is read from the server only when it is played.
function recall() {
  const last = kept("last", null);
  if (!last?.id || typeof last.title !== "string") return;
  track = { sections: [], kinds: [], ...last, url: "", live: false, whole: null, resumeAt: Number(last.time) || 0 };
  started = true;
  duration = Number(last.seconds) || 0;
  recallQueue(last.id);
}

function startTicking() {
  if (!frame) frame = requestAnimationFrame(tick);
}

export function wireDeck() {
  recall();
  wireSound(changed);
  audio.addEventListener("play", () => (startTicking(), changed()));
  audio.addEventListener("pause", () => (remember(), changed()));
  // Frames stop in a tab behind others; the times must not.
  audio.addEventListener("timeupdate", () => {
    showTime();
    if (Date.now() - savedAt > SAVED_MS) remember();
  });
  audio.addEventListener("seeked", showTime);
  audio.addEventListener("loadedmetadata", begin);
  addEventListener("pagehide", remember);
  changed();
  showTime();
}
