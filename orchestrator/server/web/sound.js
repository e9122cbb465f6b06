// How the page's one sound is played: its level, its speed and what is repeated, as this browser keeps them.

import { keep, kept } from "/page/kept.js";

export const audio = document.getElementById("audio");
export const SPEEDS = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2];
export const LOOPS = ["off", "all", "one"];

let volume = Math.min(1, Math.max(0, Number(kept("volume", 1)) || 0));
let muted = kept("muted", false) === true;
let loop = LOOPS.includes(kept("loop", "off")) ? kept("loop", "off") : "off";
let speed = SPEEDS.includes(kept("speed", 1)) ? kept("speed", 1) : 1;
// While the stems are mixed, they sound in place of the song, which goes on as their clock.
let silenced = false;
let tell = () => {};

export const soundState = () => ({ volume, muted, loop, speed, silenced });
export const soundLevel = () => (muted ? 0 : volume);

export function setLoop(wanted) {
  loop = wanted;
  keep("loop", loop);
  tell();
}

export function setSpeed(wanted) {
  speed = wanted;
  keep("speed", speed);
  fitSpeed();
  tell();
}

// A new source begins with the speed of the song before it. The stems are played at their own speed.
export function fitSpeed() {
  audio.playbackRate = audio.defaultPlaybackRate = silenced ? 1 : speed;
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
  tell();
}

// The stems take over the sound, or give it back.
export function setSilenced(wanted) {
  silenced = wanted;
  fitSpeed();
  audio.muted = muted || silenced;
  tell();
}

// changed() is called when any of it is another.
export function wireSound(changed) {
  tell = changed;
  loudness();
}
