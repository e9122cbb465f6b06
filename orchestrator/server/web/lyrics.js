// Lyrics that follow the music: LRC with a time for each line and, where known, each word.

const box = document.getElementById("lyrics-box");
const part = document.getElementById("lyrics-part");
const STAMP = /(\d+):(\d+(?:\.\d+)?)/;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

let lines = [];
let current = -1;
let touched = 0;

function secondsOf(stamp) {
  const [, minutes, seconds] = STAMP.exec(stamp);
  return Number(minutes) * 60 + Number(seconds);
}

export function parseLrc(text) {
  const found = [];
  for (const raw of text.split(/\r?\n/)) {
    const head = /^((?:\[\d+:\d+(?:\.\d+)?\])+)(.*)$/.exec(raw.trim());
    // Tags such as [ti:Title] have no time and no words to sing.
    if (!head) continue;
    const words = [];
    for (const [, stamp, word] of head[2].matchAll(/<(\d+:\d+(?:\.\d+)?)>([^<]*)/g)) {
      if (word.trim()) words.push({ start: secondsOf(stamp), text: word.trim() });
    }
    const plain = head[2].replace(/<[^>]*>/g, " ").replace(/\s+/g, " ").trim();
    for (const [stamp] of head[1].matchAll(/\[[^\]]*\]/g)) {
      found.push({ start: secondsOf(stamp), text: plain, words });
    }
  }
  return found.sort((one, other) => one.start - other.start);
}

function lineElement(line, seek) {
  if (!line.text) return Object.assign(document.createElement("p"), { className: "gap", ariaHidden: "true" });
  const button = document.createElement("button");
  button.type = "button";
  button.className = "line";
  button.addEventListener("click", () => seek(line.start));
  if (!line.words.length) button.textContent = line.text;
  line.words.forEach((word, index) => {
    if (index) button.append(" ");
    const span = document.createElement("span");
    span.textContent = word.text;
    button.append(span);
  });
  return button;
}

export function hideLyrics() {
  lines = [];
  current = -1;
  part.hidden = true;
  box.replaceChildren();
}

export function showLrc(text, seek) {
  hideLyrics();
  lines = parseLrc(text);
  if (!lines.some((line) => line.text)) return false;
  for (const line of lines) {
    line.element = lineElement(line, seek);
    box.append(line.element);
  }
  box.scrollTop = 0;
  part.hidden = false;
  return true;
}

export function showWords(text) {
  hideLyrics();
  if (!text.trim()) return;
  const words = document.createElement("p");
  words.className = "words";
  words.textContent = text.trim();
  box.append(words);
  part.hidden = false;
}

function lastStarted(list, time) {
  let found = -1;
  for (let index = 0; index < list.length && list[index].start <= time; index += 1) found = index;
  return found;
}

export function followLyrics(time) {
  if (!lines.length) return;
  const index = lastStarted(lines, time);
  if (index !== current) {
    if (lines[current]) {
      lines[current].element.classList.remove("now");
      lines[current].element.removeAttribute("aria-current");
      for (const span of lines[current].element.children) span.classList.remove("sung", "now");
    }
    current = index;
    lines[current]?.element.classList.add("now");
    lines[current]?.element.setAttribute("aria-current", "true");
    if (lines[current]) centre(lines[current].element);
  }
  const line = lines[current];
  if (!line?.words.length) return;
  const word = lastStarted(line.words, time);
  [...line.element.children].forEach((span, position) => {
    span.classList.toggle("sung", position < word);
    span.classList.toggle("now", position === word);
  });
}

// Only the box scrolls, never the page, and not while someone is reading ahead in it.
function centre(element) {
  if (Date.now() - touched < 4000) return;
  const top = element.offsetTop - box.clientHeight / 2 + element.clientHeight / 2;
  box.scrollTo({ top, behavior: calm.matches ? "auto" : "smooth" });
}

for (const sign of ["wheel", "touchmove", "keydown"]) {
  box.addEventListener(sign, () => (touched = Date.now()), { passive: true });
}
