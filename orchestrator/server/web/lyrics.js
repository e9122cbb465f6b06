// Lyrics that follow the music: LRC with a time for each line and, where known, each word.

const STAMP = /(\d+):(\d+(?:\.\d+)?)/;
const READING_MS = 4000; // for so long after a touch the box is left where its reader put it
const calm = matchMedia("(prefers-reduced-motion: reduce)");

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

function lineElement(line) {
  if (!line.text) return Object.assign(document.createElement("p"), { className: "gap", ariaHidden: "true" });
  const button = document.createElement("button");
  button.type = "button";
  button.className = "line";
  button.dir = "auto"; // its words run as their script does, whatever the page's language
  if (!line.words.length) button.textContent = line.text;
  line.words.forEach((word, index) => {
    if (index) button.append(" ");
    const span = document.createElement("span");
    span.textContent = word.text;
    button.append(span);
  });
  return button;
}

function lastStarted(list, time) {
  let found = -1;
  for (let index = 0; index < list.length && list[index].start <= time; index += 1) found = index;
  return found;
}

// Lyrics in a box that scrolls: the line and the word that are sung are marked, those before stay marked as sung.
export class Lyrics {
  #box;
  #lines = [];
  #current = -1;
  #word = -1;
  #touched = 0;

  constructor(box) {
    this.#box = box;
    for (const sign of ["wheel", "touchmove", "keydown", "pointerdown"]) {
      box.addEventListener(sign, () => (this.#touched = Date.now()), { passive: true });
    }
    box.addEventListener("keydown", (event) => this.#pressKey(event));
    box.addEventListener("focusin", ({ target }) => target !== box && this.#stopAt(target));
  }

  #buttons = () => this.#lines.filter((line) => line.text).map((line) => line.element);

  // Tab comes to one line of all, and goes on behind them; up and down move from line to line.
  #stopAt(stop) {
    for (const button of this.#buttons()) button.tabIndex = button === stop ? 0 : -1;
  }

  #pressKey(event) {
    const buttons = this.#buttons();
    const now = buttons.indexOf(document.activeElement);
    const moves = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: buttons.length - 1 };
    if (now < 0 || !(event.key in moves) || event.shiftKey || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    buttons[moves[event.key]]?.focus();
  }

  clear() {
    this.#lines = [];
    this.#current = this.#word = -1;
    this.#touched = 0;
    this.#box.replaceChildren();
    this.#box.scrollTop = 0;
  }

  // Timed lyrics; seek(seconds) is called for the line or the word that is pressed. Whether there are any.
  showLrc(text, seek) {
    this.clear();
    this.#lines = parseLrc(text);
    if (!this.#lines.some((line) => line.text)) return false;
    for (const line of this.#lines) {
      line.element = lineElement(line);
      // By keyboard a line is pressed, by pointer a word in it.
      line.element.addEventListener("click", (event) => {
        const word = [...line.element.children].indexOf(event.target);
        this.#touched = 0;
        seek(line.words[word]?.start ?? line.start);
      });
      this.#box.append(line.element);
    }
    this.#stopAt(this.#buttons()[0]);
    return true;
  }

  showWords(text) {
    this.clear();
    const words = document.createElement("p");
    words.className = "words";
    words.textContent = text.trim();
    this.#box.append(words);
  }

  follow(time) {
    if (!this.#lines.length) return;
    const index = lastStarted(this.#lines, time);
    if (index !== this.#current) this.#moveTo(index);
    const line = this.#lines[index];
    if (!line?.words.length) return;
    const word = lastStarted(line.words, time);
    if (word === this.#word) return;
    this.#word = word;
    [...line.element.children].forEach((span, position) => {
      span.classList.toggle("sung", position < word);
      span.classList.toggle("now", position === word);
    });
  }

  #moveTo(index) {
    const left = this.#lines[this.#current]?.element;
    left?.classList.remove("now");
    left?.removeAttribute("aria-current");
    for (const span of left?.children || []) span.classList.remove("sung", "now");
    this.#current = index;
    this.#word = -1;
    this.#lines.forEach((line, position) => line.element.classList.toggle("past", position < index));
    const line = this.#lines[index]?.element;
    line?.classList.add("now");
    line?.setAttribute("aria-current", "true");
    if (!line) return;
    if (this.#lines[index].text && !this.#box.contains(document.activeElement)) this.#stopAt(line);
    this.#centre(line);
  }

  // Only the box scrolls, never the page, and not while someone is reading elsewhere in it.
  #centre(line) {
    if (Date.now() - this.#touched < READING_MS) return;
    const top = line.offsetTop - this.#box.clientHeight / 2 + line.clientHeight / 2;
    this.#box.scrollTo({ top, behavior: calm.matches ? "auto" : "smooth" });
  }
}

const part = document.getElementById("lyrics-part");
const ofSong = new Lyrics(document.getElementById("lyrics-box"));

export const followLyrics = (time) => ofSong.follow(time);

export function hideLyrics() {
  ofSong.clear();
  part.hidden = true;
}

export function showLrc(text, seek) {
  const has = ofSong.showLrc(text, seek);
  part.hidden = !has;
  return has;
}

export function showWords(text) {
  ofSong.showWords(text);
  part.hidden = !text.trim();
}
