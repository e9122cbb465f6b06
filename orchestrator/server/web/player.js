// The one sound of the page: what plays, where it is in it, and what comes next. It has no looks of its own: the bar
// (bar.js), the song view (songplayer.js) and the system (mediasession.js) show it and steer it.

import { readSong } from "/page/api.js";
import { keep, kept } from "/page/kept.js";
import { emptyQueue, following, inQueue, moveTo, removeFromQueue, startQueue } from "/page/queue.js";
import { trackOf } from "/page/track.js";
import { t } from "/page/words.js";

const audio = document.getElementById("audio");
const MOST_SKIPPED = 20; // songs without sound that are passed over in the list
const BACK_TO_START_S = 3; // "previous" goes to the song's beginning first
const AHEAD_S = 20; // before the end, the next song's address is read
const FRESH_MS = 30 * 60 * 1000; // an address read ahead lasts for about an hour

export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
export const LOOPS = ["off", "all", "one"];

let track = null;
let duration = 0;
// Whether somebody pressed play for this track: such a one is not replaced by a song that is only looked at.
let started = false;
let fault = "";
let renewedAt = 0;
let turn = 0;
let frame = 0;
let savedAt = 0;
let ahead = null;
let volume = Math.min(1, Math.max(0, Number(kept("volume", 1)) || 0));
let muted = kept("muted", false) === true;
let loop = LOOPS.includes(kept("loop", "off")) ? kept("loop", "off") : "off";
let speed = SPEEDS.includes(kept("speed", 1)) ? kept("speed", 1) : 1;
// While the stems are mixed, they sound in place of the song, which goes on as their clock.
let silenced = false;
let shownList = () => [];

const stateListeners = new Set();
const timeListeners = new Set();

export const onPlaying = (listener) => void stateListeners.add(listener);
export const onTime = (listener) => void timeListeners.add(listener);

export const playing = () => (track ? { id: track.id, paused: audio.paused } : null);
export const currentTrack = () => track;
export const currentTime = () => (audio.getAttribute("src") ? audio.currentTime || 0 : track?.resumeAt || 0);
export const playerState = () => ({ volume, muted, loop, speed, duration, fault, silenced, paused: audio.paused });
export const canMove = () => Boolean(track) && (!track.live || Boolean(track.whole));
export const soundLevel = () => (muted ? 0 : volume);

// Where no list comes with a song, this one is gone on through.
export function offerList(list) {
  shownList = list;
}

function changed() {
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

function complain(words) {
  fault = words;
  changed();
}

function load(url, time, andPlay) {
  audio.preload = track.live ? "auto" : "metadata";
  audio.src = url;
  audio.playbackRate = audio.defaultPlaybackRate = silenced ? 1 : speed;
  const mine = track;
  if (time) audio.addEventListener("loadedmetadata", () => track === mine && (audio.currentTime = time), { once: true });
  if (andPlay) play();
}

function take(fresh, time, andPlay) {
  track = { ...fresh };
  started = andPlay;
  fault = "";
  renewedAt = 0;
  moveTo(track.id);
  load(track.url, time, andPlay);
  setDuration(track.seconds);
  showTime();
}

async function play() {
  started = true;
  fault = "";
  try {
    await audio.play();
  } catch (problem) {
    // AbortError is only a newer press of the button; a failed load is said by the error event.
    if (problem.name === "NotAllowedError") complain(t("The browser wants another press of the play button."));
  }
}

// Shows a song that was opened in the player too, unless another one is being listened to. Whether it is there now.
export function cue(fresh) {
  if (track?.id === fresh.id && audio.getAttribute("src")) {
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
    const again = { at: track.resumeAt || 0, started };
    take(fresh, fresh.live ? 0 : again.at, false);
    started = again.started;
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

export function playTrack(fresh, { list, at = 0 } = {}) {
  turn += 1;
  if (list || !inQueue(fresh.id)) startQueue(list?.length ? list : shownList(), fresh.id);
  take(fresh, fresh.live ? 0 : at, true);
}

// Plays a song without opening it, and goes on through `list`, ids in the order in which they are shown.
export async function playSong(id, { list } = {}) {
  if (list || !inQueue(id)) startQueue(list?.length ? list : shownList(), id);
  if (track?.id === id && audio.getAttribute("src")) {
    moveTo(id);
    return play();
  }
  await start(id, 0);
}

// Whether the song has a sound, and plays.
async function start(id, at) {
  const mine = (turn += 1);
  try {
    const known = ahead?.song.id === id && Date.now() - ahead.readAt < FRESH_MS ? ahead.song : null;
    const song = known || (await readSong(id));
    if (mine !== turn) return true;
    const fresh = trackOf(song);
    if (fresh) take(fresh, fresh.live ? 0 : at, true);
    else complain(t("This song has no sound yet."));
    return Boolean(fresh);
  } catch (problem) {
    if (mine === turn) complain(problem.sentence || t("The audio cannot be loaded."));
    return false;
  }
}

export function togglePlaying() {
  if (!track) return;
  if (!audio.paused) audio.pause();
  else if (audio.getAttribute("src")) play();
  else start(track.id, track.resumeAt || 0);
}

export function pausePlayer() {
  audio.pause();
}

export function seek(seconds) {
  // What comes while it is made comes once, from its beginning to its end.
  if (!canMove()) return;
  const time = Math.min(Math.max(0, seconds), Math.max(0, duration - 0.05));
  if (!audio.getAttribute("src")) {
    track.resumeAt = time;
  } else if (track.live) {
    const url = track.whole;
    Object.assign(track, { live: false, whole: null, url });
    load(url, time, !audio.paused);
  } else {
    audio.currentTime = time;
  }
  showTime();
  changed();
}

export function seekAndPlay(seconds) {
  seek(seconds);
  if (audio.paused) togglePlaying();
}

// Another sound of the same song, from the same second on.
export function swapSound(url) {
  load(url, audio.currentTime, !audio.paused);
}

async function step(ids) {
  for (const id of ids.slice(0, MOST_SKIPPED)) if (await start(id, 0)) return;
  changed();
}

export function next() {
  return step(following(loop));
}

export function previous() {
  if (canMove() && currentTime() > BACK_TO_START_S) return seek(0);
  const before = following(loop, -1);
  return before.length ? step(before) : seek(0);
}

export const hasNext = () => following(loop).length > 0;

export function setLoop(wanted) {
  loop = wanted;
  keep("loop", loop);
  changed();
}

export function setSpeed(wanted) {
  speed = wanted;
  keep("speed", speed);
  audio.playbackRate = audio.defaultPlaybackRate = silenced ? 1 : speed;
  changed();
}

export function setVolume(share) {
  volume = Math.min(1, Math.max(0, Math.round(share * 100) / 100));
  muted = false;
  loudness();
}

export function setMuted(wanted) {
  muted = wanted;
  loudness();
}

function loudness() {
  audio.volume = volume;
  audio.muted = muted || silenced;
  keep("volume", volume);
  keep("muted", muted);
  changed();
}

// The stems take over the sound, or give it back. They are played at their own speed.
export function setSilenced(wanted) {
  silenced = wanted;
  audio.playbackRate = audio.defaultPlaybackRate = silenced ? 1 : speed;
  audio.muted = muted || silenced;
  changed();
}

// Forgets a song that is deleted or has failed: it falls silent, and is not played later.
export function dropSong(id) {
  removeFromQueue(id);
  if (track?.id === id) clearPlayer({ keepQueue: true });
}

export function clearPlayer({ keepQueue = false } = {}) {
  turn += 1;
  track = null;
  started = false;
  fault = "";
  audio.pause();
  audio.removeAttribute("src");
  audio.load();
  if (!keepQueue) emptyQueue();
  keep("last", null);
  setDuration(0);
  showTime();
}

async function renewAddress() {
  if (!audio.getAttribute("src") || !track) return;
  // Once a minute at most: a file that is truly gone must not be asked for in a circle.
  if (Date.now() - renewedAt < 60000) return complain(t("The audio cannot be played. Download it instead, or reload the page."));
  renewedAt = Date.now();
  const mine = track;
  const { currentTime: time, paused } = audio;
  try {
    const fresh = trackOf(await readSong(mine.id));
    if (track !== mine || !fresh) return;
    Object.assign(track, fresh);
    load(fresh.url, fresh.live ? 0 : time, !paused);
  } catch (problem) {
    complain(problem.sentence || t("The audio cannot be loaded."));
  }
}

function ended() {
  if (loop === "one" && canMove()) {
    seek(0);
    return play();
  }
  const rest = following(loop);
  if (rest.length) return step(rest);
  if (track?.whole) {
    const url = track.whole;
    Object.assign(track, { live: false, whole: null, url });
    load(url, 0, false);
  }
}

async function readAhead() {
  const [id] = following(loop);
  if (!id || loop === "one" || ahead?.asked === id || duration - audio.currentTime > AHEAD_S) return;
  ahead = { asked: id, song: {}, readAt: 0 };
  const song = await readSong(id).catch(() => null);
  if (song && ahead?.asked === id) ahead = { asked: id, song, readAt: Date.now() };
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
}

function startTicking() {
  if (!frame) frame = requestAnimationFrame(tick);
}

export function wirePlayer() {
  recall();
  loudness();
  audio.addEventListener("play", () => (startTicking(), changed()));
  audio.addEventListener("pause", () => (remember(), changed()));
  // Frames stop in a tab behind others; the times must not.
  audio.addEventListener("timeupdate", () => {
    showTime();
    readAhead();
    if (Date.now() - savedAt > 5000) remember();
  });
  audio.addEventListener("seeked", showTime);
  audio.addEventListener("loadedmetadata", () => Number.isFinite(audio.duration) && setDuration(audio.duration));
  audio.addEventListener("error", renewAddress);
  audio.addEventListener("ended", ended);
  addEventListener("pagehide", remember);
  document.addEventListener("songwright:deleted", ({ detail: id }) => dropSong(id));
  changed();
  showTime();
}
