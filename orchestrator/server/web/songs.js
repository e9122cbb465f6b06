// The songs of the library in their order, as far as they have been read. The pages come one after the other, through
// the API's cursors, and by their offset where the list jumps; a change that the server reports is put where it belongs, or the list is read anew.

import { readLibrary } from "/page/api.js";

const PAGE = 100;
const ANEW_MS = 400;

let songs = []; // with holes where nobody has looked yet
let places = new Map();
let gone = new Set(); // ids that were deleted meanwhile
const apart = new Map(); // of songs that are not in what was read: by id, what places them, as it was told last
let wanted = {};
let cursor = null; // of the songs after the first `front` ones, which are read without a hole
let front = 0;
let total = 0;
let turn = 0;
let moves = 0;
let reading = null;
let timer = 0;
let sight = { first: 0, last: 0 };
let whole = false; // whether all songs are wanted, in sight or not
let tell = { changed: () => {}, updated: () => {}, failed: () => {} };

export const songAt = (index) => songs[index];
export const placeOf = (id) => places.get(id) ?? -1;
export const songOf = (id) => songs[placeOf(id)];
export const countOf = () => Math.max(total, songs.length);
export const shownIds = () => songs.filter(Boolean).map((song) => song.id);
export const isFiltered = () => Object.entries(wanted).some(([name, value]) => value && name !== "sort");
// Whether a song is no longer in the list: of one that was not read again, nobody knows.
export const isGone = (id) => gone.has(id) || (!cursor && !places.has(id));

function number() {
  places = new Map();
  songs.forEach((song, index) => places.set(song.id, index));
}

function put(index, song) {
  const former = placeOf(song.id);
  if (former >= 0 && former !== index) delete songs[former]; // it has moved meanwhile
  if (songs[index] && songs[index].id !== song.id) places.delete(songs[index].id);
  songs[index] = song;
  places.set(song.id, index);
}

// The page after the first `front` songs.
function add(page) {
  for (const song of page.songs) {
    // A song made meanwhile shifts the pages; the same one must not stand twice.
    const former = placeOf(song.id);
    if (former < 0 || former >= front) put(front++, song);
  }
  cursor = page.next_cursor;
  total = page.total ?? Math.max(songs.length, front + (cursor ? 1 : 0));
  if (cursor) return;
  total = songs.length = front;
  number();
}

function missing() {
  const first = whole ? 0 : Math.max(0, sight.first);
  const last = Math.min(whole ? Infinity : sight.last, countOf() - 1);
  for (let index = first; index <= last; index += 1) {
    if (!songs[index]) return index;
  }
  return -1;
}

// Reads what is in sight and not there. The cursor leads from page to page; a list that jumps is entered in its middle.
async function readOn(mine) {
  for (let gap = missing(); gap >= 0; gap = missing()) {
    const follows = cursor && gap < front + 2 * PAGE;
    const start = gap - (gap % PAGE);
    const before = moves;
    const page = follows ? await readLibrary(cursor, PAGE, wanted) : await readLibrary("", PAGE, { ...wanted, offset: start });
    if (mine !== turn) return;
    if (follows) add(page);
    else if (before !== moves) continue; // the places are others by now
    else page.songs.forEach((song, index) => put(start + index, song));
    tell.changed();
    if (!follows && !songs[gap]) return; // the list is shorter by now: the server says so
  }
}

// Reads the songs from `first` to `last` that are not there yet.
export function ensure(first, last) {
  sight = { first, last };
  return readMissing();
}

export async function ensureAll() {
  whole = true;
  await readMissing();
  whole = false;
}

function readMissing() {
  if (missing() < 0) return reading || Promise.resolve();
  if (reading) return reading;
  const mine = turn;
  const read = readOn(mine)
    .catch((problem) => tell.failed(problem))
    .finally(() => reading === read && (reading = null));
  return (reading = read);
}

// Reads the list anew: its first page, and what is in sight about `upTo`. It is shown when it is there.
export async function readAnew(upTo = 0) {
  const mine = (turn += 1);
  clearTimeout(timer);
  timer = 0;
  reading = null;
  try {
    const page = await readLibrary("", PAGE, wanted);
    if (mine !== turn) return;
    const first = Math.max(0, upTo - PAGE);
    const start = first - (first % PAGE);
    const seen = [];
    for (let offset = Math.max(PAGE, start); offset <= upTo && offset < (page.total ?? 0); offset += PAGE) {
      seen.push([offset, await readLibrary("", PAGE, { ...wanted, offset })]);
      if (mine !== turn) return;
    }
    songs = [];
    places = new Map();
    gone = new Set();
    front = 0;
    add(page);
    for (const [offset, { songs: some }] of seen) some.forEach((song, index) => put(offset + index, song));
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
  gone = new Set();
  apart.clear();
  cursor = null;
  front = total = 0;
  tell.changed();
}

// What a song's place in a list, or out of it, depends on; its progress is none of it.
const placedBy = ({ status, title, favourite, tags, duration_s: seconds }) => JSON.stringify([status, title, favourite, tags, seconds]);

// A song that the server says something new of.
export function take(song) {
  const place = placeOf(song.id);
  if (place >= 0) {
    const before = songs[place];
    songs[place] = { ...before, ...song };
    tell.updated(place);
    const renamed = wanted.sort === "title" && before.title !== songs[place].title;
    if (renamed || (isFiltered() && before.status !== song.status)) anewSoon();
    return;
  }
  const isNewest = !isFiltered() && (wanted.sort || "newest") === "newest" && !(songs[0]?.created_at > song.created_at);
  if (!isNewest) {
    if (apart.get(song.id) === placedBy(song)) return;
    apart.set(song.id, placedBy(song));
    return anewSoon();
  }
  songs.unshift(song);
  total += 1;
  front += 1;
  moves += 1;
  number();
  tell.changed();
}

export function drop(id) {
  gone.add(id);
  const place = placeOf(id);
  if (place < 0) {
    if (cursor && !isFiltered()) anewSoon(); // it stood where nobody has looked: the count and places are others
    return;
  }
  songs.splice(place, 1);
  total -= 1;
  if (place < front) front -= 1;
  moves += 1;
  number();
  tell.changed();
}

// changed() when the list is another, updated(index) when one song is, failed(problem); upTo() says how far it is looked at.
export function wireSongs(listeners) {
  tell = listeners;
}
