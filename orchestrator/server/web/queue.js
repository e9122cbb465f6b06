// What is played after what: ids in the order in which they were shown, and the one that plays.

import { keep, kept } from "/page/kept.js";

const MOST_KEPT = 500; // over a reload

let ids = [];
let index = -1;
let shown = () => [];

// Where no list comes with a song, this one is gone on through.
export function offerList(list) {
  shown = list;
}

// A song that is not in the list is played before it.
export function startQueue(list, id) {
  ids = list.includes(id) ? [...list] : [id, ...list];
  index = ids.indexOf(id);
  keepQueue();
}

function keepQueue() {
  const from = Math.max(0, index - MOST_KEPT / 5);
  keep("queue", ids.slice(from, from + MOST_KEPT));
}

// After a reload the song that was played last has the list that it stood in.
export function recallQueue(id) {
  const list = kept("queue", null);
  if (Array.isArray(list) && list.includes(id) && list.every((each) => typeof each === "string")) {
    ids = list;
    index = ids.indexOf(id);
  }
}

// A song that plays is in a list, whoever began it.
export function joinQueue(id) {
  if (!ids.includes(id)) startQueue(shown(), id);
}

export function moveTo(id) {
  if (ids.includes(id)) index = ids.indexOf(id);
}

// The ids to try after, or before, the one that plays, nearest first; round and round where `all` is looped.
export function following(loop, step = 1) {
  const found = [];
  for (let place = index + step; place >= 0 && place < ids.length; place += step) found.push(ids[place]);
  if (loop !== "all") return found;
  const rest = step > 0 ? ids.slice(0, index + 1) : ids.slice(Math.max(0, index)).reverse();
  return [...found, ...rest];
}

export const upcoming = () => ids.slice(index + 1);

export function removeFromQueue(id) {
  const place = ids.indexOf(id);
  if (place < 0) return;
  ids.splice(place, 1);
  // What plays may go on although it left the queue: what came after it is still next.
  if (place <= index) index -= 1;
  keepQueue();
}

export function emptyQueue() {
  ids = [];
  index = -1;
  keepQueue();
}
