// Where the open song comes from, and how it was before.

import { readSong } from "/page/api.js";
import { stopMix } from "/page/mixer.js";
import { currentTrack, onPlaying, soundUrl } from "/page/player.js";
import { swapSound } from "/page/songplayer.js";
import { clock } from "/page/times.js";
import { nameOf } from "/page/track.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const MOST = 12; // generations that are named

// Of the open song: { id, before, after }, the addresses of both sounds.
let urls = null;

function what({ task, by_s: composed, anew_s: anew = 0, before, start_s: from, end_s: to }) {
  const by = composed && Math.round((composed - anew) * 10) / 10;
  return {
    extend: before ? t("{n} s more before it", { n: by }) : t("{n} s more", { n: by }),
    repaint: t("another part from {from} to {to}", { from: clock(from), to: clock(to) }),
    resing: t("other words"),
    remix: t("another style"),
    reference: t("a song that sounds like it"),
    stems: t("its stems"),
    cover: t("another cover"),
    complete: t("a band for its voice"),
  }[task] || task;
}

function line(song, parent) {
  const item = document.createElement("li");
  // The parent's place in the sentence is the language's.
  const [before, after = ""] = t("{change}, of {song}", { change: what(song.brief.change), song: "\n" }).split("\n");
  const link = () => Object.assign(document.createElement("a"), { href: `#song/${encodeURIComponent(parent.id)}`, textContent: nameOf(parent), dir: "auto", translate: false });
  item.append(before, parent ? link() : t("a song that was deleted"), after);
  return item;
}

// The signatures of two addresses of one file differ.
const fileOf = (url) => new URL(url, location.href).pathname;
const hearsBefore = () => Boolean(urls) && currentTrack()?.id === urls.id && fileOf(soundUrl()) === fileOf(urls.before);

function showCompare() {
  if (!urls) return;
  at("compare-button").setAttribute("aria-pressed", String(hearsBefore()));
  at("compare-button").textContent = hearsBefore() ? t("Hear it after the change") : t("Hear it before the change");
}

function hear() {
  stopMix(); // the stems are of the song as it is now
  swapSound(hearsBefore() ? urls.after : urls.before);
  showCompare();
}

// Names the songs that this one was made of, and offers the sound of the last of them beside its own.
export async function showLineage(song, signal) {
  const list = at("lineage");
  urls = null;
  at("lineage-part").hidden = !song.parent;
  at("compare-button").hidden = true;
  list.replaceChildren();
  for (let child = song, count = 0; child?.parent && count < MOST; count += 1) {
    const parent = await readSong(child.parent, signal).catch((problem) => (problem.status === 404 ? null : undefined));
    if (signal.aborted || parent === undefined) return;
    list.append(line(child, parent));
    if (!count && parent?.urls?.audio && song.status === "done" && song.urls?.audio) {
      urls = { id: song.id, before: parent.urls.audio, after: song.urls.audio };
      at("compare-button").hidden = false;
      showCompare();
    }
    child = parent;
  }
}

export function wireLineage() {
  at("compare-button").addEventListener("click", hear);
  onPlaying(showCompare);
}
