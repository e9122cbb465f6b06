// The player: one hidden audio element behind a button and a slider.

import { readSong } from "/page/api.js";
import { followLyrics } from "/page/lyrics.js";
import { clock, spoken } from "/page/times.js";
import { markSection, showPlayed } from "/page/waveform.js";

const part = document.getElementById("player");
const audio = document.getElementById("audio");
const button = document.getElementById("play-button");
const slider = document.getElementById("seek");
const error = document.getElementById("player-error");
const now = document.getElementById("time-now");
const all = document.getElementById("time-all");
const liveNote = document.getElementById("live-note");

let duration = 0;
let sections = [];
let freshUrl = null;
let renewedAt = 0;
let frame = 0;
let dragging = false;
// The id of the song whose sound comes while it is made, and its file, once it is done.
let live = null;
let whole = null;
// Told of the span that is drawn over the waveform, while somebody wants one.
let picked = null;
let drawnFrom = null;

function showTime() {
  const time = audio.currentTime || 0;
  now.textContent = clock(time);
  slider.setAttribute("aria-valuenow", String(Math.round(time)));
  slider.setAttribute("aria-valuetext", `${spoken(time)} of ${spoken(duration)}`);
  showPlayed(duration ? time / duration : 0);
  markSection(sections, time);
  followLyrics(time);
}

function tick() {
  showTime();
  frame = audio.paused ? 0 : requestAnimationFrame(tick);
}

function showDuration(seconds) {
  duration = seconds;
  all.textContent = clock(seconds);
  slider.setAttribute("aria-valuemax", String(Math.round(seconds)));
}

export function seek(seconds) {
  const time = Math.min(Math.max(0, seconds), Math.max(0, duration - 0.05));
  // What comes while it is made comes once, from its beginning to its end.
  if (live && !whole) return;
  if (live) playFile(whole, time, !audio.paused);
  else audio.currentTime = time;
  showTime();
}

function playFile(url, time, playing) {
  live = whole = null;
  audio.preload = "metadata";
  audio.src = url;
  if (time) audio.addEventListener("loadedmetadata", () => (audio.currentTime = time), { once: true });
  if (playing) play();
}

// Another sound of the same song, from the same second on.
export function swapSound(url) {
  playFile(url, audio.currentTime, !audio.paused);
}

// With a function, a drag over the waveform draws a span, whose seconds it is given; without, it moves in the song.
export function pickSpan(told) {
  picked = told;
}

export function seekAndPlay(seconds) {
  seek(seconds);
  play();
}

async function play() {
  error.hidden = true;
  try {
    await audio.play();
  } catch (problem) {
    // AbortError is only a newer press of the button; a failed load is told by the error event.
    if (problem.name === "NotAllowedError") complain("The browser wants another press of the play button.");
  }
}

function complain(words) {
  error.textContent = words;
  error.hidden = false;
}

export function toggle() {
  if (audio.paused) play();
  else audio.pause();
}

export function pausePlayer() {
  audio.pause();
}

export function hidePlayer() {
  live = whole = null;
  liveNote.hidden = true;
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  part.hidden = true;
}

// renew() answers a new signed address, for they expire after an hour.
export function showPlayer({ id, url, seconds, sections: marks, renew }) {
  error.hidden = true;
  liveNote.hidden = true;
  slider.removeAttribute("aria-disabled");
  freshUrl = renew;
  renewedAt = 0;
  sections = marks;
  showDuration(seconds || 0);
  part.hidden = false;
  // Who listens already hears the same song to its end: another source would be a gap.
  if (live === id && audio.currentTime > 0 && !audio.ended) whole = url;
  else playFile(url, 0, false);
  showTime();
}

// The sound of a song that is being made: there is nothing to play until its beginning has come.
export function showLivePlayer({ id, url, seconds, renew, ready }) {
  if (live === id) return;
  hidePlayer();
  error.hidden = true;
  live = id;
  freshUrl = renew;
  renewedAt = 0;
  sections = [];
  showDuration(seconds || 0);
  slider.setAttribute("aria-disabled", "true");
  audio.addEventListener("canplay", () => {
    if (live !== id || whole || !part.hidden) return;
    part.hidden = liveNote.hidden = false;
    showTime();
    ready();
  }, { once: true });
  audio.preload = "auto";
  audio.src = url;
}

async function renewAddress() {
  if (!audio.getAttribute("src") || !freshUrl) return;
  // Once a minute at most: a file that is truly gone must not be asked for in a circle.
  if (Date.now() - renewedAt < 60000) return complain("The audio cannot be played. Download it instead, or reload the page.");
  renewedAt = Date.now();
  const time = audio.currentTime;
  const wasPlaying = !audio.paused;
  const asked = freshUrl;
  try {
    const url = await asked();
    if (asked !== freshUrl || !url) return;
    playFile(url, time, wasPlaying);
  } catch (problem) {
    complain(problem.sentence || "The audio cannot be loaded.");
  }
}

function timeAt(event) {
  const area = slider.getBoundingClientRect();
  return ((event.clientX - area.left) / area.width) * duration;
}

function pressKey(event) {
  const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key in steps) seek(audio.currentTime + steps[event.key]);
  else if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(duration);
  else if (event.key === " " || event.key === "Enter") toggle();
  else return;
  event.preventDefault();
}

export function wirePlayer() {
  button.addEventListener("click", toggle);
  slider.addEventListener("keydown", pressKey);
  slider.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = !picked;
    drawnFrom = picked ? timeAt(event) : null;
    slider.setPointerCapture(event.pointerId);
    seek(timeAt(event));
  });
  slider.addEventListener("pointermove", (event) => {
    if (dragging) seek(timeAt(event));
    else if (picked && drawnFrom !== null && Math.abs(timeAt(event) - drawnFrom) > 0.5) picked(drawnFrom, timeAt(event));
  });
  for (const end of ["pointerup", "pointercancel"]) slider.addEventListener(end, () => ((dragging = false), (drawnFrom = null)));
  audio.addEventListener("play", () => {
    button.setAttribute("aria-label", "Pause");
    button.classList.add("playing");
    // One sound at a time: stems fall silent when the song starts.
    for (const stem of document.querySelectorAll("#stems audio")) stem.pause();
    if (!frame) frame = requestAnimationFrame(tick);
  });
  audio.addEventListener("pause", () => {
    button.setAttribute("aria-label", "Play");
    button.classList.remove("playing");
  });
  // Frames stop in a tab behind others; the times must not.
  audio.addEventListener("timeupdate", showTime);
  audio.addEventListener("seeked", showTime);
  audio.addEventListener("loadedmetadata", () => Number.isFinite(audio.duration) && showDuration(audio.duration));
  audio.addEventListener("error", renewAddress);
  audio.addEventListener("ended", () => whole && playFile(whole, 0, false));
}

// Songs that are played from the library without being opened.
const own = new Audio();
let ownId = null;
const listeners = new Set();
export const playing = () => (ownId ? { id: ownId, paused: own.paused } : null);
export const onPlaying = (listener) => listeners.add(listener);
for (const type of ["play", "pause", "ended"]) own.addEventListener(type, () => listeners.forEach((listener) => listener(playing())));

export async function playSong(id) {
  ownId = id;
  own.src = (await readSong(id)).urls.audio;
  await own.play();
}

export function togglePlaying() {
  if (own.paused) own.play();
  else own.pause();
}
