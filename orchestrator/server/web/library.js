// The library: songs newest first, a page at a time.

import { readLibrary } from "/page/api.js";
import { STATUS_WORDS } from "/page/progress.js";
import { clock } from "/page/times.js";

const list = document.getElementById("library-list");
const empty = document.getElementById("library-empty");
const more = document.getElementById("library-more");
const error = document.getElementById("library-error");

let cursor = null;
let shown = null;
let asked = 0;

function element(tag, className, text = "") {
  return Object.assign(document.createElement(tag), { className, textContent: text });
}

function cover(song) {
  const blank = element("span", "thumb blank");
  if (!song.urls?.cover) return blank;
  const image = element("img", "thumb");
  image.alt = "";
  image.loading = "lazy";
  image.width = image.height = 56;
  // An address may have expired since the list was read.
  image.addEventListener("error", () => image.replaceWith(blank), { once: true });
  image.src = song.urls.cover;
  return image;
}

function row(song) {
  const item = document.createElement("li");
  item.dataset.id = song.id;
  const link = element("a", "song-row");
  link.href = `#song/${encodeURIComponent(song.id)}`;
  const words = element("span", "song-row-words");
  const take = song.variation > 0 ? ` (take ${song.variation + 1})` : "";
  words.append(element("span", "song-row-title", (song.title || song.description || "Untitled") + take));
  const kinds = (song.categories || []).slice(0, 3).join(", ");
  words.append(element("span", "hint", kinds || song.description || ""));
  const side = element("span", "song-row-side");
  side.append(element("span", "hint", song.duration_s ? clock(song.duration_s) : ""));
  if (song.status !== "done") {
    const badge = element("span", "badge", STATUS_WORDS[song.status] || song.status);
    badge.dataset.status = song.status;
    side.append(badge);
  }
  link.append(cover(song), words, side);
  item.append(link);
  return item;
}

export function markOpen(id) {
  shown = id;
  for (const item of list.children) {
    const link = item.firstElementChild;
    if (item.dataset.id === id) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

export function emptyLibrary() {
  asked += 1;
  list.replaceChildren();
  empty.hidden = more.hidden = error.hidden = true;
  cursor = null;
}

async function read(next, size) {
  const turn = (asked += 1);
  more.disabled = true;
  try {
    const page = await readLibrary(next, size);
    if (turn !== asked) return;
    error.hidden = true;
    const rows = page.songs.map(row);
    if (next) {
      // A song made meanwhile shifts the pages; the same one must not stand twice.
      const known = new Set([...list.children].map((item) => item.dataset.id));
      const fresh = rows.filter((item) => !known.has(item.dataset.id));
      list.append(...fresh);
      fresh[0]?.firstElementChild.focus();
    } else {
      list.replaceChildren(...rows);
    }
    cursor = page.next_cursor;
    more.hidden = !cursor;
    empty.hidden = list.children.length > 0;
    markOpen(shown);
  } catch (problem) {
    if (turn !== asked || problem.status === 401) return;
    error.textContent = problem.sentence || "The library cannot be read. Reload the page.";
    error.hidden = false;
  } finally {
    more.disabled = false;
  }
}

// Reads again as many as are shown, so that a refresh does not fold the list.
export function refreshLibrary() {
  return read(null, Math.min(100, Math.max(20, list.children.length)));
}

export function wireLibrary() {
  more.addEventListener("click", () => read(cursor, 20));
}
