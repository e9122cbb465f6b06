// The stems of one song on one timeline: they sound in place of the song, which goes on unheard as their clock.
//
// All stems are started by one moment of one AudioContext, so that they cannot drift from one another; from the song's
// clock they are at most TOLERANCE_S away, beyond which they are started again, faded, where the song is.

import { currentTime, currentTrack, onPlaying, onTime, playerState, setSilenced, soundLevel } from "/page/player.js";

const TOLERANCE_S = 0.02;
const FADE_S = 0.012;
const REST_MS = 200;
const LEAST_WAIT_MS = 250; // between two corrections: the clock of an element is coarse
const MEGABYTE = 1e6;

let context = null;
let master = null;
// Lane: { name, buffer, gain, meter, source, fade, level, muted, solo }
let lanes = [];
let songId = null;
let startedAt = 0;
let startedFrom = 0;
let running = false;
let correctedAt = 0;

// What the decoded stems of a song may take, in bytes: a browser stops a page that takes too much. A tenth of the
// machine's memory, where the browser says how much that is (in GB, at most 8); a phone's may not say.
export function memoryBudget() {
  const gigabytes = navigator.deviceMemory || (matchMedia("(pointer: coarse)").matches ? 4 : 8);
  return Math.min(8, gigabytes) * 100 * MEGABYTE;
}

// Bytes of `count` stems of so many seconds, decoded: two channels of 32 bits.
export const memoryOf = (count, seconds, rate) => count * seconds * rate * 2 * 4;

export const sampleRate = () => sounding().sampleRate;
export const mixedSong = () => (lanes.length ? songId : null);

function sounding() {
  context ||= new AudioContext({ latencyHint: "interactive" });
  return context;
}

// Within a press: a browser lets a page sound only then.
export const wakeMixer = () => void sounding().resume();

// A context at rest lets go of the device's output.
export const restMixer = () => void (lanes.length || context?.suspend());

export const decode = (bytes) => sounding().decodeAudioData(bytes);

// Takes over from the song: `stems` are [{ name, buffer }].
export function startMix(id, stems) {
  stopMix();
  const audio = sounding();
  audio.resume();
  songId = id;
  master = audio.createGain();
  master.connect(audio.destination);
  lanes = stems.map(({ name, buffer }) => {
    const gain = audio.createGain();
    const meter = audio.createAnalyser();
    meter.fftSize = 2048;
    gain.connect(meter).connect(master);
    return { name, buffer, gain, meter, source: null, level: 1, muted: false, solo: false };
  });
  setSilenced(true);
  applyLevels();
  follow();
}

export function stopMix() {
  if (!lanes.length) return;
  stopSources();
  const left = master;
  lanes = [];
  songId = null;
  // Once they are silent: a source that nothing pulls never ends, and keeps its buffer.
  setTimeout(() => {
    left.disconnect();
    restMixer();
  }, REST_MS);
  setSilenced(false);
}

// By name { level, muted, solo } of the stems that sound.
export const mixSettings = () => Object.fromEntries(lanes.map(({ name, level, muted, solo }) => [name, { level, muted, solo }]));

export function setLane(name, wanted) {
  const lane = lanes.find((one) => one.name === name);
  if (!lane) return;
  Object.assign(lane, wanted);
  applyLevels();
}

// A stem that is soloed is heard unless it is muted too; beside it only others that are soloed.
const heard = (lane) => !lane.muted && (lane.solo || !lanes.some((other) => other.solo));

function applyLevels() {
  for (const lane of lanes) aim(lane.gain, heard(lane) ? lane.level : 0);
  aim(master, soundLevel());
}

function aim(node, level) {
  if (node.aimedAt === level) return;
  node.aimedAt = level;
  node.gain.setTargetAtTime(level, context.currentTime, FADE_S);
}

function stopSources() {
  for (const lane of lanes) {
    if (!lane.source) continue;
    lane.fade.gain.setTargetAtTime(0, context.currentTime, FADE_S / 3);
    lane.source.stop(context.currentTime + FADE_S * 2);
    lane.source = null;
  }
  running = false;
}

function startSources(from) {
  stopSources();
  const when = context.currentTime + 0.005;
  startedAt = when;
  startedFrom = from + 0.005;
  for (const lane of lanes) {
    if (startedFrom >= lane.buffer.duration) continue;
    lane.source = context.createBufferSource();
    lane.source.buffer = lane.buffer;
    lane.fade = context.createGain();
    lane.fade.gain.setValueAtTime(0, when);
    lane.fade.gain.linearRampToValueAtTime(1, when + FADE_S);
    lane.source.connect(lane.fade).connect(lane.gain);
    lane.source.start(when, startedFrom);
  }
  running = true;
  correctedAt = performance.now();
}

// How far the stems are ahead of the song's clock, in seconds.
function drift() {
  return running ? startedFrom + (context.currentTime - startedAt) - currentTime() : 0;
}

function follow() {
  if (!lanes.length) return;
  if (currentTrack()?.id !== songId) return stopMix();
  applyLevels();
  if (playerState().paused) return running && stopSources();
  if (context.state !== "running") return void context.resume();
  const jumped = !running || Math.abs(drift()) > 0.25;
  const drifted = Math.abs(drift()) > TOLERANCE_S && performance.now() - correctedAt > LEAST_WAIT_MS;
  if (jumped || drifted) startSources(currentTime());
}

// What each lane sounds like now, 0 to 1, and how far the stems are from the song.
export function mixState() {
  return {
    song: mixedSong(),
    context: context?.state,
    running,
    drift_ms: drift() * 1000,
    lanes: lanes.map((lane) => {
      const wave = new Float32Array(lane.meter.fftSize);
      lane.meter.getFloatTimeDomainData(wave);
      const power = wave.reduce((sum, sample) => sum + sample * sample, 0) / wave.length;
      return { name: lane.name, heard: heard(lane), gain: lane.gain.gain.value, rms: Math.sqrt(power) };
    }),
  };
}

onPlaying(follow);
onTime(follow);
