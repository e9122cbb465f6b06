// A song in the making: the queue, three bars, and a voice that speaks only when a stage changes.

import { left } from "/page/times.js";

const PARTS = ["lyrics", "music", "cover"];
const NAMES = { lyrics: "Lyrics", music: "Music", cover: "Cover" };
const section = document.getElementById("progress");
const queueLine = document.getElementById("queue-line");
const connection = document.getElementById("connection-line");
const announcer = document.getElementById("announcer");

let stages = {};
let spokenStatus = null;

export const STATUS_WORDS = {
  queued: "Waiting",
  planning: "Planning",
  composing: "Composing",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function announce(words) {
  announcer.textContent = words;
}

export const isRunning = (status) => ["queued", "planning", "composing"].includes(status);

export function resetProgress() {
  stages = {};
  spokenStatus = null;
  for (const part of PARTS) showPart(part, "", 0);
  connection.hidden = true;
  queueLine.textContent = "";
}

function showPart(part, stage, fraction) {
  const bar = document.getElementById(`part-${part}`);
  const label = document.getElementById(`part-${part}-stage`);
  const share = Math.min(1, Math.max(0, Number(fraction) || 0));
  bar.value = share;
  const words = share >= 1 ? "done" : stage || "waiting";
  if (label.textContent !== words) label.textContent = words;
  bar.closest("li").dataset.state = share >= 1 ? "done" : stage ? "running" : "waiting";
}

export function showPartProgress({ part: worked, stage, fraction, seconds_left: seconds }) {
  // A song that is taken apart has its music already: its bar shows how far that is.
  const part = worked === "separate" ? "music" : worked;
  if (!PARTS.includes(part)) return;
  showPart(part, stage, fraction);
  if (seconds !== null && seconds !== undefined) queueLine.textContent = left(seconds);
  const key = fraction >= 1 ? "done" : stage;
  if (stages[part] !== key) {
    stages[part] = key;
    announce(`${NAMES[part]}: ${key}`);
  }
}

export function showQueue({ status, queue_position: position, seconds_left: seconds }) {
  const parts = [];
  if (status === "queued" || position) {
    if (position === 1) parts.push("Next in the queue");
    else if (position) parts.push(`Number ${position} in the queue`);
    else parts.push("In the queue");
  }
  const rest = left(seconds);
  if (rest) parts.push(rest);
  if (parts.length || status) queueLine.textContent = parts.join(", ");
}

export function showStatus(status) {
  section.hidden = !isRunning(status);
  if (spokenStatus !== status) {
    if (spokenStatus !== null || isRunning(status)) announce(`The song: ${STATUS_WORDS[status] || status}`);
    spokenStatus = status;
  }
}

export function showProgress(song) {
  showStatus(song.status);
  showQueue(song);
  // A changed song keeps its words' plan and, where there is one, its cover.
  const kept = song.brief?.change ? ["lyrics", ...(song.assets?.cover ? ["cover"] : [])] : [];
  for (const part of kept) showPart(part, "", 1);
  for (const part of PARTS) {
    const known = song.progress?.[part];
    if (known) showPart(part, known.stage, known.fraction);
  }
}

export function showLost(seconds) {
  connection.textContent = `Connection lost; trying again in ${seconds} s. The song goes on being made.`;
  connection.hidden = false;
}

export function showBack() {
  connection.hidden = true;
}
