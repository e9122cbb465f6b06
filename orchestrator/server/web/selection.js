// Songs that are selected, and what can be done with all of them at once.

import { changeSong, deleteSong, downloadOf, readSong } from "/page/api.js";
import { confirmDelete, edit } from "/page/dialogs.js";
import { announce } from "/page/progress.js";
import { titleOf } from "/page/rows.js";
import * as songs from "/page/songs.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const AT_ONCE = 4;
const BETWEEN_DOWNLOADS_MS = 400;

// By their ids, as they were when they were selected: the list may have been read anew, and not as far.
const selected = new Map();
let anchor = null;
let selecting = false;
let changed = () => {};
let failed = () => {};

export const isSelected = (id) => selected.has(id);

function show() {
  at("library-bulk").hidden = !selecting;
  at("select-button").setAttribute("aria-pressed", String(selecting));
  at("library-list").classList.toggle("selecting", selecting);
  const words = selected.size === 1 ? t("1 selected") : t("{n} selected", { n: selected.size });
  if (at("bulk-count").textContent !== words) at("bulk-count").textContent = words;
  for (const button of at("library-bulk").querySelectorAll("button:not(#bulk-all)")) button.disabled = !selected.size;
  changed();
}

export function select(index, { on, range = false } = {}) {
  const wish = on ?? !selected.has(songs.songAt(index)?.id);
  const start = songs.placeOf(anchor);
  const from = range && start >= 0 ? start : index;
  for (let place = Math.min(from, index); place <= Math.max(from, index); place += 1) {
    const song = songs.songAt(place);
    if (song && wish) selected.set(song.id, song);
    else if (song) selected.delete(song.id);
  }
  if (!range || start < 0) anchor = songs.songAt(index)?.id ?? null;
  selecting = true;
  show();
}

// No song is selected any more; others may be.
export function clearSelection() {
  selected.clear();
  anchor = null;
  show();
}

export function selectNothing() {
  selecting = false;
  clearSelection();
}

// What is no longer in the list is no longer selected.
export function forgetMissing() {
  let gone = 0;
  for (const id of selected.keys()) if (songs.isGone(id) && selected.delete(id)) gone += 1;
  if (gone) show();
}

export async function selectAll() {
  await songs.ensureAll();
  for (const id of songs.shownIds()) selected.set(id, songs.songOf(id));
  selecting = true;
  show();
}

// Does `work` for each, a few at a time; one that fails keeps no other from it.
async function each(list, work) {
  const rest = [...list];
  const problems = [];
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    while (rest.length) {
      try {
        await work(rest.shift());
      } catch (problem) {
        problems.push(problem);
      }
    }
  }));
  return problems;
}

const chosen = () => [...selected].map(([id, song]) => songs.songOf(id) || song);

export async function deleteSongs(list) {
  if (!list.length || !(await confirmDelete({ title: titleOf(list[0]), count: list.length }))) return false;
  const problems = await each(list, async ({ id }) => {
    // One that another client has deleted meanwhile is gone as well.
    await deleteSong(id).catch((problem) => {
      if (problem.status !== 404) throw problem;
    });
    selected.delete(id);
    songs.drop(id);
    document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: id }));
  });
  show();
  // What had the focus is gone with the songs, or is of no use without them.
  const focused = document.activeElement;
  if (!focused?.checkVisibility() || focused === document.body || focused.disabled) at("library-heading").focus({ preventScroll: true });
  const deleted = list.length - problems.length;
  if (deleted) announce(deleted === 1 ? t("The song is deleted.") : t("{n} songs are deleted.", { n: deleted }));
  if (problems.length) failed(problems[0]);
  return true;
}

export async function change(song, body) {
  const { title, favourite, tags } = await changeSong(song.id, body);
  songs.take({ id: song.id, title, favourite, tags });
}

export function editTitle(song) {
  edit({ heading: t("Rename"), label: t("New name"), value: song.title || "", keep: (title) => change(song, { title }) });
}

export const tagsIn = (text) => [...new Set(text.split(",").map((tag) => tag.trim().replace(/^#/, "")).filter(Boolean))];

export function editTags(song) {
  const value = (song.tags || []).join(", ");
  // A program may have made a tag with a comma: left as it is, it stays one.
  const keep = (text) => text === value || change(song, { tags: tagsIn(text) });
  edit({ heading: t("Tags"), label: t("Tags"), hint: t("Several with commas between them."), value, keep });
}

function addTag() {
  const keep = async (text) => {
    const problems = await each(chosen(), (song) => change(song, { tags: [...new Set([...(song.tags || []), ...tagsIn(text)])] }));
    if (problems.length) throw problems[0];
  };
  edit({ heading: t("Add a tag"), label: t("Tags"), hint: t("Several with commas between them."), keep });
}

async function favourite() {
  const list = chosen();
  const wish = !list.every((song) => song.favourite);
  const problems = await each(list, (song) => change(song, { favourite: wish }));
  if (problems.length) failed(problems[0]);
}

// One file after the other: a browser lets no page save many at once.
export async function download(list) {
  for (const { id, status } of list) {
    if (status !== "done") continue;
    try {
      const song = await readSong(id);
      const link = Object.assign(document.createElement("a"), { href: downloadOf(song, song.urls.package ? "package" : "audio"), download: "" });
      link.click();
      if (list.length > 1) await new Promise((resolve) => setTimeout(resolve, BETWEEN_DOWNLOADS_MS));
    } catch (problem) {
      failed(problem);
    }
  }
}

export function wireSelection(listeners) {
  ({ changed, failed } = listeners);
  at("select-button").addEventListener("click", () => {
    if (selecting) return selectNothing();
    selecting = true;
    show();
  });
  at("bulk-all").addEventListener("click", selectAll);
  at("bulk-favourite").addEventListener("click", favourite);
  at("bulk-tag").addEventListener("click", addTag);
  at("bulk-download").addEventListener("click", () => download(chosen()));
  at("bulk-delete").addEventListener("click", () => deleteSongs(chosen()));
}
