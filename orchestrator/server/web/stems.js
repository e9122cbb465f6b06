// The stems of the open song as lanes of one timeline, each with mute, solo, level and its file.

import { ask, downloadOf, readSong } from "/page/api.js";
import {
  decode, memoryBudget, memoryOf, mixedSong, mixSettings, mixState, restMixer, sampleRate, setLane, startMix, stopMix, wakeMixer,
} from "/page/mixer.js";
import { currentTime, currentTrack, onPlaying, onTime, playerState, playTrack, togglePlaying } from "/page/player.js";
import { announce } from "/page/progress.js";
import { trackOf } from "/page/track.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const ROLE = "stem:";
const NAMES = {
  vocals: "Vocals", drums: "Drums", bass: "Bass", other: "Other", melody: "Melody", chords: "Chords", guitar: "Guitar",
  piano: "Piano", pad: "Pad", backing: "Backing vocals", lead: "Lead",
};
const ORDER = ["vocals", "backing", "lead", "melody", "chords", "guitar", "piano", "pad", "other", "bass", "drums"];

let song = null;
let loading = null;
// By name: { level, muted, solo }; kept while the song is open, whether the stems sound or not.
let wishes = {};

const stemName = (name) => (NAMES[name] ? t(NAMES[name]) : `${name[0].toUpperCase()}${name.slice(1).replace(/[_-]/g, " ")}`);
const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
const stemsOf = (shown) => Object.keys(shown.urls || {}).filter((role) => role.startsWith(ROLE)).map((role) => role.slice(ROLE.length)).sort((one, other) => rank(one) - rank(other));

function button(text, label, isPressed, press) {
  const made = Object.assign(document.createElement("button"), { type: "button", textContent: text, className: "lane-switch", title: label });
  made.setAttribute("aria-label", label);
  made.setAttribute("aria-pressed", String(isPressed));
  made.addEventListener("click", () => {
    const pressed = made.getAttribute("aria-pressed") !== "true";
    made.setAttribute("aria-pressed", String(pressed));
    press(pressed);
  });
  return made;
}

function lane(name) {
  const item = document.createElement("li");
  item.dataset.stem = name;
  const said = stemName(name);
  const { level: share, muted: isMuted, solo: isSolo } = (wishes[name] ||= { level: 1, muted: false, solo: false });
  const want = (wish) => {
    Object.assign(wishes[name], wish);
    setLane(name, wish);
    showHeard();
    // Of a song that is only looked at, the wish is kept until its stems are played.
    if (currentTrack()?.id === song.id) engage();
  };
  const mute = button(t("Mute"), t("Mute {stem}", { stem: said }), isMuted, (muted) => want({ muted }));
  const solo = button(t("Solo"), t("Solo {stem}", { stem: said }), isSolo, (pressed) => want({ solo: pressed }));
  const level = Object.assign(document.createElement("input"), { type: "range", className: "slim", min: "0", max: "100", step: "5", value: String(Math.round(share * 100)) });
  const showLevel = () => {
    level.style.setProperty("--share", `${level.value}%`);
    level.setAttribute("aria-valuetext", `${level.value} %`);
  };
  level.setAttribute("aria-label", t("Level of {stem}", { stem: said }));
  level.addEventListener("input", () => {
    showLevel();
    want({ level: level.valueAsNumber / 100 });
  });
  showLevel();
  const link = Object.assign(document.createElement("a"), { href: downloadOf(song, ROLE + name), textContent: t("Download"), className: "lane-file" });
  link.setAttribute("download", "");
  link.setAttribute("aria-label", t("Download the stem: {stem}", { stem: said }));
  const meter = Object.assign(document.createElement("span"), { className: "lane-meter", ariaHidden: "true" });
  item.append(Object.assign(document.createElement("span"), { className: "lane-name", textContent: said }), mute, solo, level, link, meter);
  return item;
}

function showHeard() {
  const soloed = Object.values(wishes).some((wish) => wish.solo);
  for (const item of at("stems").children) {
    const { muted, solo } = wishes[item.dataset.stem];
    item.classList.toggle("unheard", muted || (soloed && !solo));
  }
}

// The song's own address where it is this server's; a store's address may be kept from a page, so there the server sends it.
async function bytesOf(name, signal) {
  const address = new URL(song.urls[ROLE + name], location.href);
  if (address.origin === location.origin) {
    const response = await fetch(address, { signal });
    if (response.ok) return response.arrayBuffer();
  }
  return (await ask(`/files/${song.assets[ROLE + name].key}`, { signal })).arrayBuffer();
}

function say(words, wrong = false) {
  at("stems-note").textContent = words;
  at("stems-note").classList.toggle("notice", wrong);
  at("stems-note").hidden = !words;
}

// The reason why the stems cannot be mixed here, or "".
function hindrance(names) {
  if (!("AudioContext" in window)) return t("This browser cannot mix stems. Download them instead.");
  const needed = memoryOf(names.length, song.music?.duration_s || 0, sampleRate());
  if (needed <= memoryBudget()) return "";
  return t("The stems of this song would take {needed} MB of memory here, more than the {budget} MB that this page takes. Download them instead.", {
    needed: Math.round(needed / 1e6), budget: Math.round(memoryBudget() / 1e6),
  });
}

// Has the stems sound in place of the song, from where it is; with `andPlay` the song plays, if it did not.
async function engage(andPlay = false) {
  if (loading || mixedSong() === song.id) return;
  const names = stemsOf(song);
  const reason = hindrance(names);
  if (reason) return say(reason, true);
  wakeMixer();
  const mine = song;
  const stop = (loading = new AbortController());
  at("stems-switch").disabled = true;
  try {
    const stems = [];
    for (const [index, name] of names.entries()) {
      say(t("Loading the stems: {n} of {all} …", { n: index + 1, all: names.length }));
      const bytes = await bytesOf(name, stop.signal);
      stems.push({ name, buffer: await decode(bytes) });
      if (stop.signal.aborted) return;
    }
    const track = currentTrack()?.id === mine.id ? null : trackOf(await readSong(mine.id));
    if (stop.signal.aborted) return;
    if (track) playTrack(track);
    else if (andPlay && playerState().paused) togglePlaying();
    startMix(mine.id, stems);
    for (const name of names) setLane(name, wishes[name]);
    say("");
    announce(t("The stems are played in place of the song."));
  } catch (problem) {
    if (stop.signal.aborted) return;
    say(problem.sentence || t("The stems cannot be decoded in this browser. Download them instead."), true);
  } finally {
    if (loading === stop) loading = null;
    if (!loading) restMixer();
    at("stems-switch").disabled = false;
    showSwitch();
  }
}

function showSwitch() {
  const mixed = Boolean(song) && mixedSong() === song.id;
  at("stems-switch").textContent = mixed ? t("Back to the whole song") : t("Play the stems");
  at("stems-switch").setAttribute("aria-pressed", String(mixed));
  at("stems").classList.toggle("mixed", mixed);
}

function showTimeline() {
  if (!song || at("stems-part").hidden || !at("stems-part").open) return;
  const mixed = mixedSong() === song.id;
  const mine = currentTrack()?.id === song.id;
  const { duration } = playerState();
  at("stems").style.setProperty("--at", mine && duration ? String(currentTime() / duration) : "0");
  if (!mixed) return;
  for (const { name, rms } of mixState().lanes) {
    at("stems").querySelector(`[data-stem="${CSS.escape(name)}"] .lane-meter`)?.style.setProperty("--rms", Math.min(1, rms * 3).toFixed(3));
  }
}

export function showStems(shown) {
  const names = stemsOf(shown);
  // The same song shown again, as after a change of its title: its lanes stay as they were set.
  const same = song?.id === shown.id && names.join() === stemsOf(song).join();
  song = shown;
  at("stems-part").hidden = !names.length;
  if (same) return;
  leaveStems();
  // Those that sound stay as they were set, also while another song was looked at.
  wishes = mixedSong() === shown.id ? mixSettings() : {};
  at("stems").replaceChildren(...names.map(lane));
  showHeard();
  at("stems-part").open = false;
  showSwitch();
}

// Stems that are being loaded are not waited for any longer.
export function leaveStems() {
  loading?.abort();
  loading = null;
  say("");
}

export function wireStems() {
  at("stems-switch").addEventListener("click", () => {
    if (mixedSong() === song.id) stopMix();
    else engage(true);
    showSwitch();
  });
  onPlaying(showSwitch);
  onTime(showTimeline);
  at("stems-part").addEventListener("toggle", showTimeline);
}
