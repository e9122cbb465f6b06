// A song in the making: the queue, a bar for each stage that this song has, and a voice that speaks only when one changes.

import { doingName } from "/page/terms.js";
import { left } from "/page/times.js";
import { t } from "/page/words.js";

const NAMES = { photo: "Photo", lyrics: "Lyrics", music: "Music", cover: "Cover", listen: "Listening" };
const PARTS = Object.keys(NAMES);
const section = document.getElementById("progress");
const queueLine = document.getElementById("queue-line");
const connection = document.getElementById("connection-line");
const keptLine = document.getElementById("kept-line");
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
  showBack();
  queueLine.textContent = "";
}

const rowOf = (part) => document.getElementById(`part-${part}`).closest("li");

// The stages of this song. Words that came with it are not written, and a cover that is not wanted is not painted.
function stagesOf({ brief = {}, progress = {} }) {
  const has = {
    photo: Boolean(brief.photo),
    lyrics: !brief.plan && !brief.change,
    music: brief.change?.task !== "cover",
    cover: brief.cover !== false,
    listen: false,
  };
  return PARTS.filter((part) => has[part] || part in progress);
}

function showPart(part, stage, fraction) {
  const bar = document.getElementById(`part-${part}`);
  const label = document.getElementById(`part-${part}-stage`);
  const share = Math.min(1, Math.max(0, Number(fraction) || 0));
  bar.value = share;
  const words = share >= 1 ? t("done") : stage ? doingName(stage) : t("waiting");
  if (label.textContent !== words) label.textContent = words;
  bar.closest("li").dataset.state = share >= 1 ? "done" : stage ? "running" : "waiting";
}

export function showPartProgress({ part: worked, stage, fraction, seconds_left: seconds }) {
  // A song that is taken apart has its music already: its bar shows how far that is.
  const part = worked === "separate" ? "music" : worked;
  if (!PARTS.includes(part)) return;
  rowOf(part).hidden = false;
  showPart(part, stage, fraction);
  if (seconds !== null && seconds !== undefined) queueLine.textContent = left(seconds);
  const key = fraction >= 1 ? "done" : stage;
  if (stages[part] !== key) {
    stages[part] = key;
    announce(`${t(NAMES[part])}: ${doingName(key)}`);
  }
}

export function showQueue({ status, queue_position: position, seconds_left: seconds }) {
  const parts = [];
  if (status === "queued" || position) {
    if (position === 1) parts.push(t("Next in the queue"));
    else if (position) parts.push(t("Number {position} in the queue", { position }));
    else parts.push(t("In the queue"));
  }
  const rest = left(seconds);
  if (rest) parts.push(rest);
  if (parts.length || status) queueLine.textContent = parts.join(", ");
}

export function showStatus(status) {
  section.hidden = !isRunning(status);
  if (spokenStatus !== status) {
    if (spokenStatus !== null || isRunning(status)) announce(t("The song: {status}", { status: t(STATUS_WORDS[status] || status) }));
    spokenStatus = status;
  }
}

export function showProgress(song) {
  showStatus(song.status);
  showQueue(song);
  const stages = stagesOf(song);
  for (const part of PARTS) rowOf(part).hidden = !stages.includes(part);
  // What is there already was made before, or came from the song that this one is made of.
  const made = { photo: song.scene, lyrics: song.plan, cover: song.assets?.cover };
  for (const part of PARTS) if (made[part]) showPart(part, "", 1);
  for (const part of PARTS) {
    const known = song.progress?.[part];
    if (known) showPart(part, known.stage, known.fraction);
  }
}

// A song that was accepted is stored before the answer: whatever stops the server, it is taken up when the server is back.
export function showLost(seconds) {
  connection.textContent = navigator.onLine
    ? t("Connection lost: the server cannot be reached; trying again in {seconds} s. The song is kept there, and goes on when the server does.", { seconds })
    : t("Connection lost: this device is offline; trying again in {seconds} s. The song goes on being made.", { seconds });
  connection.hidden = false;
  keptLine.hidden = true;
}

export function showBack() {
  connection.hidden = true;
  keptLine.hidden = false;
}
