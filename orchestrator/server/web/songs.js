// The songs of the library in their order, as far as they have been read. The pages come one after the other, through
// the API's cursors, and by their offset where the list jumps; a change that the server reports is put where it belongs, or the list is read anew.

import { readLibrary } from "/page/api.js";

const PAGE = 100;
const ANEW_MS = 400;
// What decides whether a song is in a list that is filtered, and where it stands in one that is sorted.
const PLACING = ["status", "title", "favourite", "tags", "categories", "instrumental", "duration_s"];
const BY_AGE = ["newest", "oldest"];

let songs = []; // with holes where nobody has looked yet
let places = new Map();
let gone = new Set(); // ids that were deleted meanwhile
let wanted = {};
let cursor = null; // of the songs after the first `front` ones, which are read without a hole
let front = 0;
let total = 0;
let turn = 0;
let moves = 0;
let reading = null;
let anew = 0; // the turn of the list that is being read anew, or 0
let timer = 0;
let sight = { first: 0, last: 0 };
let whole = false; // whether all songs are wanted, in sight or not
// What the server said of single songs, by id, and as which word of it: an answer that was asked for before is older.
let said = new Map();
let words = 0;
let unplaced = new Map(); // of songs that are not in the list, by id, for what the list was read anew
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

function say(id, song) {
  said.set(id, { word: (words += 1), song: song && { ...said.get(id)?.song, ...song } });
}

// The songs of a page as they are now: one that something was said of after word `since` is newer than in the page.
function asNow(page, since) {
  const newer = (song) => (said.get(song.id)?.word > since ? said.get(song.id).song : {});
  return page.songs.filter((song) => newer(song)).map((song) => ({ ...song, ...newer(song) }));
}

// The page after the first `front` songs.
function add(page, since) {
  const now = asNow(page, since);
  for (const song of now) {
    // A song made meanwhile shifts the pages; the same one must not stand twice.
    const former = placeOf(song.id);
    if (former < 0 || former >= front) put(front++, song);
  }
  cursor = page.next_cursor;
  total = page.total ?? Math.max(songs.length, front + (cursor ? 1 : 0));
  total -= page.songs.length - now.length;
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
    const [before, since] = [moves, words];
    const page = follows ? await readLibrary(cursor, PAGE, wanted) : await readLibrary("", PAGE, { ...wanted, offset: start });
    if (mine !== turn) return;
    if (follows) add(page, since);
    else if (before !== moves) continue; // the places are others by now
    else asNow(page, since).forEach((song, index) => put(start + index, song));
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
  const mine = (anew = turn += 1);
  const since = words;
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
    gone = new Set([...said].filter(([, { word, song }]) => word > since && !song).map(([id]) => id));
    front = 0;
    add(page, since);
    for (const [offset, some] of seen) asNow(some, since).forEach((song, index) => put(offset + index, song));
    tell.changed();
    takeLater(since);
  } catch (problem) {
    if (mine === turn) tell.failed(problem);
  } finally {
    if (mine === anew) anew = 0;
  }
}

// Songs that came while the list was read, and are not in it; what was said before is in the list.
function takeLater(since) {
  const later = [...said.values()].filter(({ word, song }) => word > since && song?.created_at && placeOf(song.id) < 0);
  said = new Map([...said].filter(([, { word }]) => word > since));
  for (const { song } of later) take(song);
}

// Some changes can only be placed by the server; several of them are read at once. A reading that is under way comes to
// its end: where the server is slow, and songs change all the time, none ever would.
function anewSoon() {
  timer ||= setTimeout(() => {
    timer = 0;
    if (anew) anewSoon();
    else readAnew(tell.upTo());
  }, ANEW_MS);
}

export function want(list) {
  wanted = list;
  unplaced = new Map();
  return readAnew();
}

export function forget() {
  turn += 1;
  songs = [];
  places = new Map();
  gone = new Set();
  said = new Map();
  cursor = null;
  anew = front = total = 0;
  tell.changed();
}

const placing = (song) => JSON.stringify(PLACING.map((name) => song[name]));

// A song that the server says something new of.
export function take(song) {
  say(song.id, song);
  const place = placeOf(song.id);
  if (place < 0) return takeUnplaced(song);
  const before = songs[place];
  songs[place] = { ...before, ...song };
  tell.updated(place);
  const mayMove = isFiltered() || !BY_AGE.includes(wanted.sort || "newest");
  if (mayMove && placing(before) !== placing(songs[place])) anewSoon();
}

function takeUnplaced(song) {
  if (!song.created_at) return; // only what was changed of it
  const isNewest = !isFiltered() && (wanted.sort || "newest") === "newest" && !(songs[0]?.created_at > song.created_at);
  if (isNewest) {
    songs.unshift(song);
    total += 1;
    front += 1;
    moves += 1;
    number();
    return tell.changed();
  }
  // Its progress, several times a second, is no reason to read the list again.
  if (unplaced.get(song.id) === placing(song)) return;
  unplaced.set(song.id, placing(song));
  anewSoon();
}

export function drop(id) {
  const isKnown = gone.has(id);
  gone.add(id);
  say(id, null);
  const place = placeOf(id);
  if (place < 0) {
    if (cursor && !isKnown) anewSoon(); // it stood where nobody has looked: the count and places are others
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
