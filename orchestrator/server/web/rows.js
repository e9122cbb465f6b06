// One row of the library: cover that plays, title and facts, star and menu; while it is made, its place and progress.

import { STATUS_WORDS, isRunning } from "/page/progress.js";
import { clock, left } from "/page/times.js";
import { t } from "/page/words.js";

const WEIGHTS = { lyrics: 0.2, music: 0.7, cover: 0.1 };
const MADE_FROM = {
  extend: "Longer than {title}",
  repaint: "A part of {title} anew",
  resing: "Other words to {title}",
  remix: "{title} in another style",
  reference: "In the sound of {title}",
  stems: "The stems of {title}",
  cover: "{title} with another cover",
  complete: "A band for {title}",
};

const SKELETON = `
  <div role="gridcell" class="cell-check"><input type="checkbox" tabindex="-1"></div>
  <div role="gridcell"><button type="button" class="thumb-button" data-do="play" tabindex="-1"><span class="thumb blank"></span><img class="thumb" alt="" decoding="async" width="52" height="52" hidden><svg viewBox="0 0 24 24" aria-hidden="true"><path class="icon-play" d="M8 5v14l11-7z"/><path class="icon-pause" d="M7 5h4v14H7zM13 5h4v14h-4z"/></svg></button></div>
  <div role="gridcell" class="cell-words"><a class="song-link" tabindex="-1"><span class="song-row-title"><bdi translate="no"></bdi></span><span class="song-row-facts"></span></a><progress max="1" aria-label="" hidden></progress></div>
  <div role="gridcell" class="cell-side"><button type="button" class="stop small" data-do="cancel" tabindex="-1" hidden></button><button type="button" class="icon star" data-do="favourite" tabindex="-1"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9L3.5 9.7l5.9-.8z"/></svg></button><button type="button" class="icon" data-do="menu" aria-haspopup="menu" tabindex="-1"><svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="5.5" r="1.8"/><circle cx="12" cy="12" r="1.8"/><circle cx="12" cy="18.5" r="1.8"/></svg></button></div>`;

const template = document.createElement("template");
template.innerHTML = SKELETON;

export const titleOf = (song) => song.title || song.description || t("Untitled");

export function makeRow() {
  const row = document.createElement("div");
  row.className = "song-row";
  row.setAttribute("role", "row");
  row.append(template.content.cloneNode(true));
  const one = (selector) => row.querySelector(selector);
  row.parts = {
    check: one("input"), play: one(".thumb-button"), image: one("img"), blank: one(".blank"), link: one("a"), title: one("bdi"),
    facts: one(".song-row-facts"), bar: one("progress"), stop: one(".stop"), star: one(".star"), menu: one("[data-do=menu]"),
  };
  row.parts.image.addEventListener("load", ({ target }) => {
    row.pictured = target.dataset.of;
    showCover(row, row.song);
  });
  // Addresses expire; the next reading of the list brings new ones.
  row.parts.image.addEventListener("error", () => {
    row.pictured = null;
    showCover(row, null);
  });
  return row;
}

// Rows are used again: a picture is seen only once it is there, and only beside its own song.
function showCover(row, song) {
  const { image, blank } = row.parts;
  row.cover = song?.urls?.cover || null;
  image.hidden = !row.cover || row.pictured !== song.id;
  blank.hidden = !image.hidden;
}

// A cover is a whole picture: while the list flies past, none is loaded.
export function loadCover(row) {
  const { image } = row.parts;
  if (!row.cover || image.getAttribute("src") === row.cover) return;
  if (row.pictured !== row.song.id) row.pictured = null;
  image.dataset.of = row.song.id;
  image.src = row.cover;
}

// The share that is done, or null where nothing is known.
export function shareOf({ status, progress, task }) {
  if (!isRunning(status) || !progress) return null;
  const done = (part) => progress[part]?.fraction || 0;
  if (task === "cover") return done("cover");
  // Words that came with the song are not written, and a song that is taken apart has its music already.
  const hasWords = !progress.lyrics && (progress.music || progress.separate || progress.cover);
  const shares = { lyrics: hasWords ? 1 : done("lyrics"), music: Math.max(done("music"), done("separate")), cover: done("cover") };
  return Object.entries(WEIGHTS).reduce((sum, [part, weight]) => sum + weight * shares[part], 0);
}

function wait({ status, queue_position: position, seconds_left: seconds }) {
  const parts = [];
  if (position === 1) parts.push(t("Next in the queue"));
  else if (position) parts.push(t("Number {n} in the queue", { n: position }));
  else if (!left(seconds)) parts.push(t(STATUS_WORDS[status] || status));
  if (left(seconds)) parts.push(left(seconds));
  return parts;
}

function factsOf(song, parent) {
  if (isRunning(song.status)) return wait(song);
  if (song.status === "unreadable") return [t("Cannot be read"), song.reason];
  const parts = song.status === "done" ? [] : [t(STATUS_WORDS[song.status] || song.status)];
  if (song.duration_s && song.status === "done") parts.push(clock(song.duration_s));
  if (song.task in MADE_FROM) parts.push(t(MADE_FROM[song.task], { title: parent ? t("“{title}”", { title: titleOf(parent) }) : t("a song") }));
  parts.push(...(song.tags || []).map((tag) => `#${tag}`), ...(song.categories || []).slice(0, 3));
  return parts;
}

const shadeOf = (id) => [...id].reduce((sum, letter) => sum + letter.charCodeAt(0), 0) % 4;

function label(control, words) {
  if (control.getAttribute("aria-label") !== words) control.setAttribute("aria-label", words);
}

function showSong(row, song, parent) {
  const { link, title, facts, bar, stop, star, menu, play, check } = row.parts;
  const take = song.variation > 0 ? ` ${t("(take {n})", { n: song.variation + 1 })}` : "";
  const name = titleOf(song) + take;
  row.dataset.id = song.id;
  row.dataset.status = song.status;
  row.dataset.shade = String(shadeOf(song.id));
  row.song = song;
  link.href = `#song/${encodeURIComponent(song.id)}`;
  title.textContent = name;
  facts.textContent = factsOf(song, parent).filter(Boolean).join(" · ");
  showCover(row, song);
  const share = shareOf(song);
  bar.hidden = share === null;
  row.classList.toggle("making", share !== null);
  bar.value = Math.round((share || 0) * 100) / 100;
  label(bar, t("How far {title} is", { title: name }));
  stop.hidden = !isRunning(song.status);
  stop.textContent = t("Cancel");
  label(stop, t("Cancel {title}", { title: name }));
  star.hidden = song.status === "unreadable" || isRunning(song.status);
  star.setAttribute("aria-pressed", String(Boolean(song.favourite)));
  label(star, t("Favourite: {title}", { title: name }));
  label(menu, t("More for {title}", { title: name }));
  label(check, t("Select {title}", { title: name }));
  play.disabled = song.status !== "done";
  row.name = name;
}

function showNothing(row) {
  const { link, title, facts, bar, stop, star, play } = row.parts;
  delete row.dataset.id;
  row.dataset.status = "reading";
  row.song = null;
  link.removeAttribute("href");
  title.textContent = facts.textContent = " ";
  showCover(row, null);
  bar.hidden = stop.hidden = star.hidden = true;
  play.disabled = true;
  row.name = t("being read");
}

// Writes song `index` into the row, or that it is still being read.
export function fillRow(row, index, { song, parent, open, selected, sounding }) {
  row.setAttribute("aria-rowindex", String(index + 1));
  if (!song) showNothing(row);
  else if (row.song !== song || row.parent !== parent) showSong(row, song, parent);
  row.parent = parent;
  row.setAttribute("aria-selected", String(selected));
  row.parts.check.checked = selected;
  if (open) row.parts.link.setAttribute("aria-current", "true");
  else row.parts.link.removeAttribute("aria-current");
  row.classList.toggle("open", open);
  row.classList.toggle("sounding", Boolean(sounding));
  row.classList.toggle("playing", Boolean(sounding && !sounding.paused));
  label(row.parts.play, sounding && !sounding.paused ? t("Pause {title}", { title: row.name }) : t("Play {title}", { title: row.name }));
}
