// What the page plays, and what after it: the one way to the sound for all that shows it or steers it, the bar (bar.js),
// the song view (songplayer.js), the library and the system (mediasession.js).

import { readAhead, readBefore } from "/page/ahead.js";
import { readSong } from "/page/api.js";
import {
  canMove, changed, complain, currentTime, currentTrack, isLoaded, load, play, playerState, playWhole, seek, soundUrl, take, unload,
  wireDeck,
} from "/page/deck.js";
import { emptyQueue, following, moveTo, removeFromQueue, startQueue } from "/page/queue.js";
import { audio, soundState } from "/page/sound.js";
import { trackOf } from "/page/track.js";
import { t } from "/page/words.js";

export {
  canMove, cue, currentTime, currentTrack, onPlaying, onTime, pausePlayer, playerState, playing, renameTrack, renewTrack, seek, soundUrl,
  swapSound,
} from "/page/deck.js";
export { offerList } from "/page/queue.js";
export { LOOPS, setLoop, setMuted, setSilenced, setSpeed, setVolume, soundLevel, SPEEDS } from "/page/sound.js";

const MOST_SKIPPED = 20; // songs without sound that are passed over in the list
const BACK_TO_START_S = 3; // "previous" goes to the song's beginning first
const AHEAD_S = 20; // before the end, the next song's address is read
const RENEWED_MS = 60_000;
// Refusals that are about the one song: another one may be played.
const OF_ONE_SONG = [404, 409, 410, 422];

let turn = 0;
// Where the list is gone on to, 1 or -1, until the song that it came to sounds; and how many songs did not.
let passing = 0;
let passed = 0;

// Where the session is over, the page asks for the token, and nothing is wrong with the song.
const wordsOf = (problem) => (problem.status === 401 ? "" : problem.sentence || t("The audio cannot be loaded."));

export function playTrack(fresh, { list, at = 0 } = {}) {
  turn += 1;
  passing = 0;
  if (list?.length) startQueue(list, fresh.id);
  take(fresh, fresh.live ? 0 : at, true);
}

// Plays a song without opening it, and goes on through `list`, ids in the order in which they are shown. Throws what is
// wrong where there is no song in the player to say it beside.
export async function playSong(id, { list } = {}) {
  passing = 0;
  if (list?.length) startQueue(list, id);
  if (currentTrack()?.id === id) {
    moveTo(id);
    await resume();
  } else {
    await start(id, 0);
  }
  const { fault } = playerState();
  if (!currentTrack() && fault) throw Object.assign(new Error(fault), { sentence: fault });
}

// How it came out: "plays", "overtaken" by a newer press, "silent" if this song cannot be heard, "refused" if none can.
async function start(id, at) {
  const mine = (turn += 1);
  try {
    const song = readBefore(id) || (await readSong(id));
    if (mine !== turn) return "overtaken";
    const fresh = trackOf(song);
    if (fresh) take(fresh, fresh.live ? 0 : at, true);
    else complain(t("This song has no sound yet."));
    return fresh ? "plays" : "silent";
  } catch (problem) {
    if (mine !== turn) return "overtaken";
    complain(wordsOf(problem));
    return OF_ONE_SONG.includes(problem.status) ? "silent" : "refused";
  }
}

// What broke off, or was heard before a reload, is read anew.
function resume() {
  turn += 1;
  return isLoaded() ? play() : start(currentTrack().id, currentTime());
}

export function togglePlaying() {
  if (!currentTrack()) return;
  passing = 0;
  if (audio.paused) resume();
  else audio.pause();
}

export function seekAndPlay(seconds) {
  seek(seconds);
  if (audio.paused) togglePlaying();
}

// Goes on through the list, forwards (1) or back (-1), to the nearest song that can be heard.
async function step(way, byItself = false) {
  for (const id of following(soundState().loop, way).slice(0, MOST_SKIPPED)) {
    moveTo(id); // whoever presses again meanwhile means the song after it
    const outcome = await start(id, 0);
    if (outcome === "plays") passing = way;
    if (outcome === "plays" || outcome === "overtaken") return;
    if (outcome === "refused") break;
    if (byItself) complain(""); // nobody asked for just this one
  }
  if (currentTrack()) moveTo(currentTrack().id);
  changed();
}

export const next = () => step(1);

export function previous() {
  if (canMove() && currentTime() > BACK_TO_START_S) return seek(0);
  return following(soundState().loop, -1).length ? step(-1) : seek(0);
}

export const hasNext = () => following(soundState().loop).length > 0;

// Forgets a song that is deleted or has failed: it falls silent, and is not played later.
export function dropSong(id) {
  removeFromQueue(id);
  if (currentTrack()?.id === id) silence();
  else changed();
}

function silence() {
  turn += 1;
  unload();
}

export function clearPlayer() {
  emptyQueue();
  silence();
}

async function renewAddress() {
  const mine = currentTrack();
  if (!mine || !soundUrl()) return;
  const { paused } = audio;
  const time = mine.resumeAt || audio.currentTime || 0;
  // Once a minute at most: a file that is truly gone must not be asked for in a circle.
  if (Date.now() - mine.renewedAt < RENEWED_MS) {
    return giveUp(time, t("The audio cannot be played. Download it instead, or reload the page."));
  }
  mine.renewedAt = Date.now();
  try {
    const fresh = trackOf(await readSong(mine.id));
    if (currentTrack() !== mine) return;
    if (!fresh) return giveUp(time, t("The audio cannot be loaded."));
    Object.assign(mine, fresh);
    load(fresh.url, fresh.live ? 0 : time, !paused);
  } catch (problem) {
    if (currentTrack() === mine) giveUp(time, wordsOf(problem), OF_ONE_SONG.includes(problem.status));
  }
}

// The song stands where it broke off, and is read anew when it is played again. One that the list has come to, and that
// never sounded, is passed over, unless no other would fare better.
function giveUp(time, words, passOver = true) {
  currentTrack().resumeAt = time;
  audio.pause();
  complain(words);
  if (!passing || !passOver || passed >= MOST_SKIPPED) return;
  passed += 1;
  step(passing);
}

function ended() {
  if (soundState().loop === "one" && canMove()) {
    seek(0);
    return play();
  }
  if (hasNext()) return step(1, true);
  if (currentTrack()?.whole) playWhole(0, false);
}

function lookAhead() {
  const { loop } = soundState();
  const [id] = following(loop);
  if (id && loop !== "one" && playerState().duration - audio.currentTime <= AHEAD_S) readAhead(id);
}

export function wirePlayer() {
  audio.addEventListener("playing", () => (passing = passed = 0));
  audio.addEventListener("timeupdate", lookAhead);
  audio.addEventListener("error", renewAddress);
  audio.addEventListener("ended", ended);
  document.addEventListener("songwright:deleted", ({ detail: id }) => dropSong(id));
  wireDeck();
}
