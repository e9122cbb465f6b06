// The library: a list of any length that is live, searched, filtered and sorted, and played from.

import { cancelSong } from "/page/api.js";
import { filterLibrary, wireFilters } from "/page/filters.js";
import { followLibrary } from "/page/live.js";
import { openMenu, wireMenu } from "/page/menu.js";
import { onPlaying, playing, playSong, renameTrack, togglePlaying } from "/page/player.js";
import { fillRow, loadCover, makeRow } from "/page/rows.js";
import * as selection from "/page/selection.js";
import * as songs from "/page/songs.js";
import { virtualList } from "/page/virtual.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const ROW_PX = 72;
const COVERS_MS = 120;
const LOST_MS = 4000;
const AHEAD = 40; // songs that are read before they come into sight

const view = at("library-view");
const list = at("library-list");
const error = at("library-error");

let openId = null;
let stop = null;
let started = false;
let active = { index: 0, column: "link" };
let coverTimer = 0;
let inSight = [];
let lostTimer = 0;

const virtual = virtualList({
  view,
  list,
  height: ROW_PX,
  make: makeRow,
  fill(row, index) {
    const song = songs.songAt(index);
    const now = playing();
    fillRow(row, index, {
      song,
      parent: song?.parent ? songs.songOf(song.parent) : null,
      open: Boolean(song) && song.id === openId,
      selected: Boolean(song) && selection.isSelected(song.id),
      sounding: song && now?.id === song.id ? now : null,
    });
    if (!coverTimer) coversSoon();
  },
  seen(first, last) {
    showTabStop();
    if (String(inSight) !== String([first, last])) coversSoon();
    inSight = [first, last];
    if (started) songs.ensure(first - AHEAD, last + AHEAD);
  },
});

// Once the list stands still; songs that change in it keep none from coming.
function coversSoon() {
  clearTimeout(coverTimer);
  coverTimer = setTimeout(() => {
    coverTimer = 0;
    virtual.rows().forEach(loadCover);
  }, COVERS_MS);
}

function failed(problem) {
  if (problem.status === 401 || problem.name === "AbortError") return;
  error.textContent = problem.sentence || t("The library cannot be read. Reload the page.");
  error.hidden = false;
}

function showCount() {
  const count = songs.countOf();
  const one = count === 1;
  at("library-count").textContent = !started || !count ? "" : one ? t("1 song") : t("{n} songs", { n: count });
  list.setAttribute("aria-rowcount", String(count));
  at("library-empty").hidden = !started || count > 0 || songs.isFiltered();
  at("library-none").hidden = !started || count > 0 || !songs.isFiltered();
  view.hidden = !count;
}

// Where the song of a row is now; a row whose song is being read stays.
const placeOf = (row) => (row.song ? songs.placeOf(row.song.id) : row.index);

function changed() {
  const row = focusedRow();
  const entry = virtual.row(active.index);
  error.hidden = true;
  showCount();
  // The way in by Tab stays at its song, if anybody has been there.
  if (entry && (row || active.index > 0) && placeOf(entry) >= 0) active.index = placeOf(entry);
  virtual.show(songs.countOf(), placeOf);
  keepFocus(row);
  // After a reload the bar has the title that the song had when it was heard.
  const sounding = songs.songOf(playing()?.id);
  if (sounding) renameTrack(sounding.id, sounding.title);
  selection.forgetMissing();
}

// The keyboard comes to one control of the whole list, and moves on with the arrows.
const controls = (row) => [row.parts.check, row.parts.play, row.parts.link, row.parts.stop, row.parts.star, row.parts.menu];
const usable = (control) => control.checkVisibility() && !control.disabled;

function showTabStop() {
  const rows = virtual.rows();
  const row = virtual.row(active.index) || rows[0];
  for (const other of rows) {
    for (const control of controls(other)) {
      const wish = other === row && control === (row.parts[active.column] || row.parts.link) ? 0 : -1;
      if (control.tabIndex !== wish) control.tabIndex = wish;
    }
  }
}

function focusRow(index, column = active.column) {
  const row = virtual.reveal(Math.max(0, Math.min(songs.countOf() - 1, index)));
  if (!row) return;
  const control = usable(row.parts[column]) ? row.parts[column] : row.parts.link;
  active = { index: row.index, column };
  showTabStop();
  control.focus({ preventScroll: true });
}

const focusedRow = () => virtual.rows().find((row) => row.contains(document.activeElement));

// The control that had the focus may be away: "Stop" of a song that is done, or the whole row with its song.
function keepFocus(row) {
  if (!row || (row.contains(document.activeElement) && usable(document.activeElement))) return;
  if (songs.countOf()) focusRow(row.index >= 0 ? row.index : active.index, "link");
  else at("library-heading").focus({ preventScroll: true });
}

function updated(index) {
  const row = focusedRow();
  virtual.fill(index);
  keepFocus(row);
}

function focusBeside(row, step) {
  const line = controls(row).filter(usable);
  const next = line[line.indexOf(document.activeElement) + step];
  if (next) focusRow(row.index, Object.keys(row.parts).find((name) => row.parts[name] === next));
}

function pressKey(event) {
  const row = event.target.closest("[role=row]");
  if (!row || event.altKey) return;
  const far = virtual.perPage();
  const moves = { ArrowDown: row.index + 1, ArrowUp: row.index - 1, PageDown: row.index + far, PageUp: row.index - far, Home: 0, End: songs.countOf() - 1 };
  const onLink = event.target === row.parts.link;
  if (event.key in moves) {
    if (event.shiftKey && row.song) selection.select(row.index, { on: true });
    focusRow(moves[event.key]);
    if (event.shiftKey && songs.songAt(active.index)) selection.select(active.index, { on: true, range: true });
  } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") focusBeside(row, event.key === "ArrowRight" ? 1 : -1);
  else if (event.key === " " && onLink) selection.select(row.index, { range: event.shiftKey });
  else if (event.key === "a" && (event.ctrlKey || event.metaKey)) selection.selectAll();
  else if (event.key === "Escape") selection.selectNothing();
  else if (event.key === "F2" && row.song) selection.editTitle(row.song);
  else if (event.key === "Delete" && row.song) selection.deleteSongs([row.song]);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

// The songs that can be played, in the order shown: what a player goes on through.
export const playableIds = () => songs.shownIds().filter((id) => songs.songOf(id).status === "done");

async function act(what, song, button = null) {
  try {
    if (what === "play") {
      if (playing()?.id === song.id) togglePlaying();
      else await playSong(song.id, { list: playableIds() });
    } else if (what === "favourite") await selection.change(song, { favourite: !song.favourite });
    else if (what === "cancel") {
      takeSong(await cancelSong(song.id));
      // "Cancel" is away now, and the focus with it.
      if (document.activeElement === document.body || button === document.activeElement) focusRow(songs.placeOf(song.id), "link");
    }
    else if (what === "menu") openMenu(button, song);
    else if (what === "rename") selection.editTitle(song);
    else if (what === "tags") selection.editTags(song);
    else if (what === "download") await selection.download([song]);
    else if (what === "delete") await selection.deleteSongs([song]);
    else if (what === "reuse") document.dispatchEvent(new CustomEvent("songwright:reuse-id", { detail: song.id }));
  } catch (problem) {
    failed(problem);
  }
}

// A whole song as the list has it.
function summaryOf(song) {
  const { brief = {}, music, plan } = song;
  const own = ["id", "status", "title", "created_at", "variation", "queue_position", "seconds_left", "progress", "favourite", "tags", "parent", "urls"];
  const summary = Object.fromEntries(own.filter((name) => song[name] !== undefined).map((name) => [name, song[name]]));
  summary.title ||= plan?.title || "";
  summary.categories = song.categories?.length ? song.categories : plan?.categories || [];
  return {
    ...summary,
    description: brief.description || brief.about || song.scene?.description || "",
    duration_s: music?.duration_s || brief.duration_s || 0,
    instrumental: Boolean(brief.instrumental),
    task: brief.change?.task ?? null,
  };
}

// What an answer said of a song, before the stream does.
export const takeSong = (song) => songs.take(summaryOf(song));

function press(event) {
  const row = event.target.closest("[role=row]");
  if (!row?.song) return;
  active = { index: row.index, column: Object.keys(row.parts).find((name) => row.parts[name].contains(event.target)) || "link" };
  const button = event.target.closest("button[data-do]");
  if (button) return void act(button.dataset.do, row.song, button);
  if (event.target === row.parts.check) return selection.select(row.index, { on: row.parts.check.checked, range: event.shiftKey });
  const link = event.target.closest("a");
  if (link && (event.shiftKey || event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    selection.select(row.index, { range: event.shiftKey });
  } else if (link && row.song.id === openId) {
    // The address does not change: the frame shows the song that is open already.
    document.dispatchEvent(new CustomEvent("songwright:open"));
  }
}

function heard(type, data) {
  if (type === "song") {
    songs.take(data);
    document.dispatchEvent(new CustomEvent("songwright:changed", { detail: data }));
  } else if (type === "deleted") {
    songs.drop(data.id);
    document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: data.id }));
  }
  if (type === "reset") refreshLibrary();
}

export function markOpen(id) {
  openId = id;
  virtual.fillAll();
}

export const refreshLibrary = () => songs.readAnew(virtual.lastInSight());

// Begins to show and to follow the library of whoever has come in.
export function startLibrary() {
  started = true;
  stop?.();
  const read = filterLibrary();
  stop = followLibrary({
    heard,
    back: () => {
      clearTimeout(lostTimer);
      at("library-lost").hidden = true;
    },
    // A short loss is nobody's business.
    lost: () => {
      clearTimeout(lostTimer);
      lostTimer = setTimeout(() => (at("library-lost").hidden = false), LOST_MS);
    },
  });
  return read;
}

export function stopLibrary() {
  started = false;
  stop?.();
  stop = null;
  clearTimeout(lostTimer);
  error.hidden = at("library-lost").hidden = true;
  selection.selectNothing();
  songs.forget();
}

export function wireLibrary() {
  songs.wireSongs({ changed, updated, failed, upTo: () => virtual.lastInSight() });
  selection.wireSelection({ changed: () => virtual.fillAll(), failed });
  wireFilters({ list: view, down: () => songs.countOf() && focusRow(0, "link") });
  wireMenu(act);
  list.addEventListener("keydown", pressKey);
  list.addEventListener("click", press);
  list.addEventListener("focusin", ({ target }) => {
    const row = target.closest("[role=row]");
    if (!row) return;
    active = { index: row.index, column: Object.keys(row.parts).find((name) => row.parts[name] === target) || "link" };
    showTabStop();
  });
  onPlaying(() => virtual.fillAll());
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, textarea, select, [contenteditable], dialog");
    if (event.key !== "/" || typing || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("songwright:tab", { detail: "library" }));
    at("library-search").focus();
    at("library-search").select();
  });
}
