// The player in the song view: a big button and a waveform. It follows the page's player when the open song is the
// one that plays, and otherwise keeps a place of its own, from which the song begins when it is played.

import { followLyrics } from "/page/lyrics.js";
import {
  canMove, cue, currentTime, currentTrack, dropSong, onPlaying, onTime, playerState, playTrack, seek, seekAndPlay,
  swapSound as swap, togglePlaying,
} from "/page/player.js";
import { clock, spoken } from "/page/times.js";
import { markSection, showPlayed } from "/page/waveform.js";
import { t } from "/page/words.js";

const part = document.getElementById("player");
const button = document.getElementById("play-button");
const slider = document.getElementById("seek");
const error = document.getElementById("player-error");
const now = document.getElementById("time-now");
const all = document.getElementById("time-all");
const liveNote = document.getElementById("live-note");
const audio = document.getElementById("audio");

let shown = null;
let place = 0;
let dragging = false;
// Called with the span that is drawn over the waveform, while somebody wants one.
let picked = null;
let drawnFrom = null;

const isMine = () => shown !== null && currentTrack()?.id === shown.id;
const isLive = () => shown.live && (!isMine() || !canMove());
const seconds = () => (isMine() && playerState().duration) || shown?.seconds || 0;

function showTime(time) {
  if (!shown) return;
  const duration = seconds();
  now.textContent = clock(time);
  slider.setAttribute("aria-valuenow", String(Math.round(time)));
  slider.setAttribute("aria-valuetext", t("{time} of {all}", { time: spoken(time), all: spoken(duration) }));
  showPlayed(duration ? time / duration : 0);
  markSection(shown.sections, time);
  followLyrics(time);
}

function showState() {
  if (!shown) return;
  const mine = isMine();
  const { paused, fault } = playerState();
  const plays = mine && !paused;
  button.setAttribute("aria-label", plays ? t("Pause") : t("Play"));
  button.classList.toggle("playing", plays);
  all.textContent = clock(seconds());
  slider.setAttribute("aria-valuemax", String(Math.round(seconds())));
  if (isLive()) slider.setAttribute("aria-disabled", "true");
  else slider.removeAttribute("aria-disabled");
  error.textContent = mine ? fault : "";
  error.hidden = !mine || !fault;
  if (!mine) showTime(place);
}

function move(time) {
  if (isMine()) return seek(time);
  if (shown.live) return;
  place = Math.min(Math.max(0, time), Math.max(0, seconds() - 0.05));
  showTime(place);
}

function press() {
  if (isMine()) togglePlaying();
  else playTrack(shown, { at: place });
}

// From a word or a line of the lyrics.
export function playFrom(time) {
  if (isMine()) return seekAndPlay(time);
  if (!shown) return;
  place = time;
  playTrack(shown, { at: time });
}

// Another sound of the open song, from the same second on.
export function swapSound(url) {
  if (!shown) return;
  if (isMine()) swap(url);
  else playTrack({ ...shown, url }, { at: place });
}

// With a function, a drag over the waveform draws a span, whose seconds it is given; without, it moves in the song.
export function pickSpan(listener) {
  picked = listener;
}

export function hidePlayer() {
  shown = null;
  part.hidden = true;
  liveNote.hidden = true;
}

// `failed`: what was listened to while it was made has no end that is worth hearing.
export function leaveFailed(id) {
  hidePlayer();
  if (currentTrack()?.id === id) dropSong(id);
}

export function showPlayer(track) {
  if (shown?.id !== track.id) place = 0;
  shown = track;
  liveNote.hidden = true;
  part.hidden = false;
  cue(track);
  showState();
  showTime(isMine() ? currentTime() : place);
}

// The sound of a song that is being made: there is nothing to play until its beginning has come, unless another song is
// being listened to, for then its beginning is not waited for here.
export function showLivePlayer(track, ready) {
  if (shown?.id === track.id && shown.live) return;
  hidePlayer();
  shown = track;
  place = 0;
  const reveal = () => {
    if (shown?.id !== track.id || !shown.live || !part.hidden) return;
    part.hidden = liveNote.hidden = false;
    showState();
    ready();
  };
  if (!cue(track) || audio.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA && isMine() && !audio.paused) reveal();
  else audio.addEventListener("canplay", reveal, { once: true });
}

function timeAt(event) {
  const area = slider.getBoundingClientRect();
  return ((event.clientX - area.left) / area.width) * seconds();
}

function pressKey(event) {
  const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.key in steps) move((isMine() ? currentTime() : place) + steps[event.key]);
  else if (event.key === "Home") move(0);
  else if (event.key === "End") move(seconds());
  else if (event.key === " " || event.key === "Enter") press();
  else return;
  event.preventDefault();
}

export function wireSongPlayer() {
  button.addEventListener("click", press);
  slider.addEventListener("keydown", pressKey);
  slider.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    dragging = !picked;
    drawnFrom = picked ? timeAt(event) : null;
    slider.setPointerCapture(event.pointerId);
    move(timeAt(event));
  });
  slider.addEventListener("pointermove", (event) => {
    if (dragging) move(timeAt(event));
    else if (picked && drawnFrom !== null && Math.abs(timeAt(event) - drawnFrom) > 0.5) picked(drawnFrom, timeAt(event));
  });
  for (const end of ["pointerup", "pointercancel"]) slider.addEventListener(end, () => ((dragging = false), (drawnFrom = null)));
  onPlaying(showState);
  onTime((time) => isMine() && showTime(time));
}
