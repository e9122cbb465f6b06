// The songs of the library in their order, as far as they have been read. The pages come one after the other, through
// the API's cursors; a change that the server reports is put where it belongs, or the list is read anew.

import { readLibrary } from "/page/api.js";

const PAGE = 100;
const ANEW_MS = 400;

let songs = [];
let places = new Map();
let wanted = {};
let cursor = null;
let total = 0;
let turn = 0;
let reading = null;
let timer = 0;
let needed = PAGE;
let tell = { changed: () => {}, updated: () => {}, failed: () => {} };

export const songAt = (index) => songs[index];
export const placeOf = (id) => places.get(id) ?? -1;
export const songOf = (id) => songs[placeOf(id)];
export const countOf = () => Math.max(total, songs.length);
export const readCount = () => songs.length;
export const shownIds = () => songs.map((song) => song.id);
export const isFiltered = () => Object.entries(wanted).some(([name, value]) => value && name !== "sort");

function number() {
  places = new Map(songs.map((song, index) => [song.id, index]));
}

function add(page) {
  // A song made meanwhile shifts the pages; the same one must not stand twice.
  const fresh = page.songs.filter((song) => !places.has(song.id));
  for (const song of fresh) places.set(song.id, songs.push(song) - 1);
  cursor = page.next_cursor;
  total = page.total ?? songs.length + (cursor ? 1 : 0);
  if (!cursor) total = songs.length;
}

async function readPages(mine) {
  while (cursor && songs.length < needed) {
    const page = await readLibrary(cursor, PAGE, wanted);
    if (mine !== turn) return;
    add(page);
    tell.changed();
  }
}

// Reads on until song `index` is there, or the list ends.
export function ensure(index) {
  needed = Math.max(needed, index + 1);
  if (!cursor || songs.length >= needed) return reading || Promise.resolve();
  reading ||= readPages(turn)
    .catch((problem) => tell.failed(problem))
    .finally(() => (reading = null));
  return reading;
}

// Reads the list anew, as far as `upTo`, and shows it at once when it is there.
export async function readAnew(upTo = 0) {
  const mine = (turn += 1);
  clearTimeout(timer);
  timer = 0;
  reading = null;
  needed = PAGE;
  try {
    const fresh = [];
    let page = { next_cursor: null };
    do {
      page = await readLibrary(page.next_cursor, PAGE, wanted);
      if (mine !== turn) return;
      fresh.push(...page.songs);
    } while (page.next_cursor && fresh.length <= upTo);
    songs = [];
    places = new Map();
    add({ ...page, songs: fresh });
    tell.changed();
  } catch (problem) {
    if (mine === turn) tell.failed(problem);
  }
}

// Some changes can only be placed by the server; several of them are read at once.
function anewSoon() {
  timer ||= setTimeout(() => readAnew(tell.upTo()), ANEW_MS);
}

export function want(words) {
  wanted = words;
  return readAnew();
}

export function forget() {
  turn += 1;
  songs = [];
  places = new Map();
  cursor = null;
  total = 0;
  tell.changed();
}

// A song that the server says something new of.
export function take(song) {
  const place = placeOf(song.id);
  if (place >= 0) {
    const before = songs[place];
    songs[place] = { ...before, ...song };
    tell.updated(place);
    if (isFiltered() && before.status !== song.status) anewSoon();
    return;
  }
  const isNewest = !isFiltered() && (wanted.sort || "newest") === "newest" && !(songs[0]?.created_at > song.created_at);
  if (!isNewest) return anewSoon();
  songs.unshift(song);
  total += 1;
  number();
  tell.changed();
}

export function drop(id) {
  const place = placeOf(id);
  if (place < 0) return;
  songs.splice(place, 1);
  total -= 1;
  number();
  tell.changed();
}

// changed() when the list is another, updated(index) when one song is, failed(problem); upTo() says how far it is looked at.
export function wireSongs(listeners) {
  tell = listeners;
}
