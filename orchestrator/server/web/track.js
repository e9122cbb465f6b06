// What the player needs to know of a song.

import { isRunning } from "/page/progress.js";
import { t } from "/page/words.js";

export const nameOf = (song) => song.title || song.plan?.title || song.brief?.description || song.description || t("Untitled");

// null for a song that has nothing to hear. `live`: its sound comes while it is made, once, and cannot be moved in.
export function trackOf(song) {
  const whole = song.status === "done" ? song.urls?.audio : null;
  const early = isRunning(song.status) ? song.urls?.live : null;
  if (!whole && !early) return null;
  return {
    id: song.id,
    title: nameOf(song),
    cover: song.urls?.cover || "",
    kinds: song.categories?.length ? song.categories : song.plan?.categories || [],
    seconds: song.music?.duration_s || song.brief?.duration_s || 0,
    sections: song.music?.sections || [],
    url: whole || early,
    live: !whole,
    // Set once a live song is done: its file, for whoever moves in it.
    whole: null,
  };
}
