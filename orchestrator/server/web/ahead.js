// The song that comes next, read from the server shortly before it is played, so that nobody waits for it.

import { readSong } from "/page/api.js";

const FRESH_MS = 30 * 60 * 1000; // an address lasts for about an hour

let ahead = { id: null, song: null, readAt: 0 };

// The song, if it was read ahead and its addresses are still good.
export const readBefore = (id) => (ahead.id === id && Date.now() - ahead.readAt < FRESH_MS ? ahead.song : null);

export async function readAhead(id) {
  if (ahead.id === id) return;
  ahead = { id, song: null, readAt: Date.now() };
  const song = await readSong(id).catch(() => null); // it is read again when it is played
  if (ahead.id === id) ahead = { id, song, readAt: Date.now() };
}
