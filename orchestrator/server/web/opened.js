// The song that is open: the address says which one, and its view follows what happens to it.

import { readSong } from "/page/api.js";
import { followSong } from "/page/events.js";
import { markOpen, takeSong } from "/page/library.js";
import { renameTrack, renewTrack } from "/page/player.js";
import * as progress from "/page/progress.js";
import { quoteSoon } from "/page/quote.js";
import { closeSong, nameOf, showHead, showSong } from "/page/song.js";
import { showTab } from "/page/tabs.js";
import { currentToken } from "/page/token.js";
import { trackOf } from "/page/track.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);

let open = null;
let address = null; // the id that was last opened, whether its song could be shown or not
let stop = () => {};
let turn = 0;

export const openSong = () => open;

// "songwright open ID" names the song before the fragment, which has the one-time code.
function takeNamed() {
  const query = new URLSearchParams(location.search);
  const named = query.get("song");
  query.delete("song");
  if (named) history.replaceState(null, "", `${location.pathname}${query.size ? `?${query}` : ""}#song/${encodeURIComponent(named)}`);
}

function idInAddress() {
  const found = /^#song\/(.+)$/.exec(location.hash);
  try {
    return found ? decodeURIComponent(found[1]) : null;
  } catch {
    return null;
  }
}

function titlePage() {
  document.title = open ? `${nameOf(open)} · Songwright` : "Songwright";
}

export function present(song) {
  open = song;
  showSong(song);
  progress.showProgress(song);
  titlePage();
}

// The song has another title, star, tag or cover; what sounds goes on.
export function relabel(song) {
  renewTrack(trackOf(song));
  if (open?.id === song.id) {
    open = song;
    showHead(song);
    titlePage();
  }
  takeSong(song);
}

// Somebody else, or a row of the library, has given the open song another title, star or tag.
function relabelOpen({ detail: { id, title, favourite, tags } }) {
  renameTrack(id, title);
  if (open?.id !== id || progress.isRunning(open.status)) return;
  const same = open.title === title && open.favourite === favourite && String(open.tags) === String(tags);
  if (!same) relabel({ ...open, title, favourite, tags });
}

// A stream begins with the song's whole past; after a reload that is no news.
function isOld({ at: moment }) {
  return Date.parse(moment) < Date.parse(open.history?.at(-1)?.at);
}

function heard(type, data) {
  if (type === "end") {
    present(data);
    takeSong(data);
    quoteSoon();
  } else if (type === "progress") {
    progress.showPartProgress(data);
  } else if (type === "queue") {
    progress.showQueue(data);
  } else if (type === "status" && open && !isOld(data)) {
    const changed = open.status !== data.status;
    Object.assign(open, data);
    progress.showStatus(data.status);
    progress.showQueue(data);
    at("song-status").textContent = t(progress.STATUS_WORDS[data.status] || data.status);
    at("song-status").dataset.status = data.status;
    // The plan has a title and lyrics to read while the music is made.
    if (changed && data.status === "composing") readAgain(open.id);
  }
}

async function readAgain(id) {
  const song = await readSong(id).catch(() => null);
  if (song && open?.id === id && progress.isRunning(open.status) && progress.isRunning(song.status)) {
    open = song;
    showSong(song);
    takeSong(song);
    titlePage();
  }
}

export function stopFollowing() {
  stop();
  stop = () => {};
}

function follow(id) {
  stopFollowing();
  stop = followSong(id, {
    heard,
    lost: progress.showLost,
    back: progress.showBack,
    // Who has to sign in again finds the song as it was, and it is read anew then.
    refused: (problem) => problem.status !== 401 && showNoSong(problem),
  });
}

// Why no song can be shown, in plain words, and the way out.
function showNoSong(problem) {
  open = null;
  closeSong();
  titlePage();
  const sentences = {
    404: t("This song does not exist any more."),
    409: t("This song cannot be read: its files are damaged. It can be deleted in the library."),
    422: t("There is no song at this address: it may have been cut short when it was copied."),
  };
  const way = Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: t("Show the library") });
  way.addEventListener("click", () => {
    location.hash = "";
    showTab("library");
    at("library-heading").focus();
  });
  at("stage-empty").hidden = problem.status !== 401;
  at("song-error").replaceChildren(sentences[problem.status] || problem.sentence || t("The song cannot be shown."), " ", way);
  at("song-error").hidden = problem.status === 401;
}

export async function openAddress(known = null) {
  const id = idInAddress();
  const mine = (turn += 1);
  address = id;
  stopFollowing();
  progress.resetProgress();
  at("song-error").hidden = true;
  markOpen(id);
  // On a phone a link to a song shows the song.
  if (id) showTab("song");
  if (!id) {
    open = null;
    closeSong();
    titlePage();
    if (document.body.dataset.tab === "song") showTab("library");
    return;
  }
  if (!currentToken()) return;
  try {
    const song = known?.id === id ? known : await readSong(id);
    if (mine !== turn) return;
    present(song);
    if (progress.isRunning(song.status)) follow(id);
  } catch (problem) {
    if (mine === turn) showNoSong(problem);
  }
}

// Sets the address without reading the song twice.
export function goTo(song) {
  const hash = `#song/${encodeURIComponent(song.id)}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
  openAddress(song);
  reveal();
}

// The song may lie above or below what is on the screen.
function reveal() {
  showTab("song");
  // Measured by where the stage begins: its cover, and with it the title's place, may come later.
  const { top } = at("stage").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 3) at("stage").scrollIntoView({ block: "start" });
  at("song-title").focus({ preventScroll: true });
}

// A deleted song is not shown any longer, wherever it was deleted; "back" does not lead to it.
function closeDeleted({ detail: id }) {
  if (idInAddress() !== id) return;
  history.replaceState(null, "", location.pathname + location.search);
  openAddress();
}

export function wireOpened() {
  takeNamed();
  document.addEventListener("songwright:changed", relabelOpen);
  document.addEventListener("songwright:deleted", closeDeleted);
  // One that could not be read is tried again.
  document.addEventListener("songwright:open", async () => {
    if (!open) await openAddress();
    if (open) reveal();
  });
  // Going back and following a link both end here; a song that is open already stays as it is.
  window.addEventListener("popstate", async () => {
    if (idInAddress() === address) return;
    await openAddress();
    if (open) reveal();
  });
}
