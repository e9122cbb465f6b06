// The page: the address says which song is open, and the parts are wired together.

import { cancelSong, deleteSong, freshKey, orderSong, readPlan, readSong } from "/page/api.js";
import { wireChange } from "/page/change.js";
import { followSong } from "/page/events.js";
import { complain, editedPlan, readForm, setBusy, showPlan, wireForm } from "/page/form.js";
import { emptyLibrary, markOpen, refreshLibrary, wireLibrary } from "/page/library.js";
import { wireLineage } from "/page/lineage.js";
import { wireActions } from "/page/actions.js";
import { wireBar } from "/page/bar.js";
import { clearPlayer, offerList, renewTrack } from "/page/player.js";
import * as progress from "/page/progress.js";
import { closeSong, nameOf, showHead, showSong } from "/page/song.js";
import { trackOf } from "/page/track.js";
import { askForToken, currentToken, wireToken } from "/page/token.js";

const at = (id) => document.getElementById(id);

let open = null;
let stopFollowing = () => {};
let turn = 0;

// "songwright open ID" names the song before the fragment, which has the one-time code.
const named = new URLSearchParams(location.search).get("song");
if (named) history.replaceState(null, "", `${location.pathname}#song/${encodeURIComponent(named)}`);

const idInAddress = () => {
  const found = /^#song\/(.+)$/.exec(location.hash);
  try {
    return found ? decodeURIComponent(found[1]) : null;
  } catch {
    return null;
  }
};

function titlePage() {
  document.title = open ? `${nameOf(open)} · Songwright` : "Songwright";
}

function present(song) {
  open = song;
  showSong(song);
  progress.showProgress(song);
  titlePage();
}

// The song has another title, star, tag or cover; what sounds goes on.
function relabel(song) {
  renewTrack(trackOf(song));
  if (open?.id === song.id) {
    open = song;
    showHead(song);
    titlePage();
  }
  refreshLibrary();
}

// A stream begins with the song's whole past; after a reload that is no news.
function isOld({ at: moment }) {
  return Date.parse(moment) < Date.parse(open.history?.at(-1)?.at);
}

function heard(type, data) {
  if (type === "end") {
    present(data);
    refreshLibrary();
  } else if (type === "progress") {
    progress.showPartProgress(data);
  } else if (type === "queue") {
    progress.showQueue(data);
  } else if (type === "status" && open && !isOld(data)) {
    const changed = open.status !== data.status;
    Object.assign(open, data);
    progress.showStatus(data.status);
    progress.showQueue(data);
    at("song-status").textContent = progress.STATUS_WORDS[data.status] || data.status;
    at("song-status").dataset.status = data.status;
    if (changed) {
      refreshLibrary();
      // The plan has a title and lyrics to read while the music is made.
      if (data.status === "composing") readAgain(open.id);
    }
  }
}

async function readAgain(id) {
  const song = await readSong(id).catch(() => null);
  if (song && open?.id === id && progress.isRunning(open.status) && progress.isRunning(song.status)) {
    open = song;
    showSong(song);
    titlePage();
  }
}

function follow(id) {
  stopFollowing();
  stopFollowing = followSong(id, {
    heard,
    lost: progress.showLost,
    back: progress.showBack,
    refused: (problem) => {
      at("song-error").textContent = problem.sentence;
      at("song-error").hidden = problem.status === 401;
    },
  });
}

async function openAddress(known = null) {
  const id = idInAddress();
  const mine = (turn += 1);
  stopFollowing();
  stopFollowing = () => {};
  progress.resetProgress();
  at("song-error").hidden = true;
  markOpen(id);
  if (!id) {
    open = null;
    closeSong();
    titlePage();
    return;
  }
  if (!currentToken()) return;
  try {
    const song = known?.id === id ? known : await readSong(id);
    if (mine !== turn) return;
    present(song);
    if (progress.isRunning(song.status)) follow(id);
  } catch (problem) {
    if (mine !== turn) return;
    open = null;
    closeSong();
    titlePage();
    at("song-error").textContent =
      problem.status === 404 ? "This song does not exist any more." : problem.sentence || "The song cannot be shown.";
    at("song-error").hidden = problem.status === 401;
  }
}

// Sets the address without reading the song twice.
function goTo(song) {
  const hash = `#song/${encodeURIComponent(song.id)}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
  openAddress(song);
  reveal();
}

// The song may lie above or below what is on the screen: on a phone it always does.
function reveal() {
  // Measured by where the stage begins: its cover, and with it the title's place, may come later.
  const { top } = at("stage").getBoundingClientRect();
  if (top < 0 || top > innerHeight / 3) at("stage").scrollIntoView({ block: "start" });
  at("song-title").focus({ preventScroll: true });
}

async function order(path, body, failed) {
  try {
    const song = await orderSong(path, body, freshKey());
    goTo(song);
    refreshLibrary();
    return true;
  } catch (problem) {
    failed(problem);
    return false;
  }
}

async function make() {
  const request = readForm();
  if (!request) return;
  const plan = editedPlan();
  if (plan && !(request.body instanceof FormData)) request.body.plan = plan;
  setBusy(true, "Sending …");
  await order(request.path, request.body, complain);
  setBusy(false);
}

async function plan() {
  const request = readForm();
  if (!request) return;
  setBusy(true);
  at("plan-button").textContent = "Planning …";
  try {
    const fresh = await readPlan(request.body);
    setBusy(false);
    showPlan(fresh);
    progress.announce("The plan is ready to read and change.");
  } catch (problem) {
    setBusy(false);
    at("plan-button").textContent = "Plan first";
    complain(problem);
  }
}

function actionFailed(problem) {
  at("action-error").textContent = problem.sentence || "That did not work. Reload the page.";
  at("action-error").hidden = false;
}

async function again() {
  const { brief } = open;
  const body = { audio_duration: brief.duration_s, seed: -1, format: brief.format, variations: 1, instrumental: brief.instrumental };
  if (brief.draft) body.draft = true;
  let path = "/generate-from-description";
  if (brief.photo || brief.change) {
    // The server has the photo, or the song that was changed: the same words to other music.
    await orderAgain("/generate-like", { like: open.id, seed: -1 });
    return;
  }
  if (brief.lyrics) {
    path = "/generate-with-lyrics";
    Object.assign(body, { prompt: brief.description, lyrics: brief.lyrics });
  } else if (brief.about) {
    path = "/generate-with-described-lyrics";
    Object.assign(body, { prompt: brief.description, described_lyrics: brief.about });
  } else {
    body.full_described_song = brief.description;
  }
  // A plan that was edited is part of what was asked for.
  for (const wish of ["plan", "guidance_scale", "infer_step", "temperature", "top_k", "top_p"]) if (brief[wish] !== null) body[wish] = brief[wish];
  await orderAgain(path, body);
}

async function orderAgain(path, body) {
  at("again-button").disabled = true;
  await order(path, body, actionFailed);
  at("again-button").disabled = false;
}

async function cancel() {
  at("cancel-button").disabled = true;
  try {
    const song = await cancelSong(open.id);
    if (open?.id === song.id) {
      present(song);
      if (!progress.isRunning(song.status)) stopFollowing();
    }
    refreshLibrary();
  } catch (problem) {
    actionFailed(problem);
  }
  at("cancel-button").disabled = false;
}

async function remove() {
  const { id } = open;
  try {
    await deleteSong(id);
    document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: id }));
    location.hash = "";
    progress.announce("The song is deleted.");
    refreshLibrary();
    at("library-heading").focus();
  } catch (problem) {
    actionFailed(problem);
  }
}

wireForm({ make, plan });
wireBar();
wireActions({ changed: relabel, order });
// A song that is played from its own view is gone on from as the library is shown.
offerList(() => [...document.querySelectorAll("#library-list [data-id]")].map((item) => item.dataset.id));
wireLibrary();
wireChange({ order });
wireLineage();
wireToken({
  accepted: () => (refreshLibrary(), openAddress()),
  forgotten: () => (stopFollowing(), emptyLibrary(), closeSong(), clearPlayer()),
});
at("again-button").addEventListener("click", again);
at("finish-button").addEventListener("click", () => orderAgain(`/songs/${encodeURIComponent(open.id)}/finish`, {}));
at("cancel-button").addEventListener("click", cancel);
at("delete-button").addEventListener("click", () => {
  at("delete-title").textContent = nameOf(open);
  at("delete-dialog").returnValue = "";
  at("delete-dialog").showModal();
});
at("delete-dialog").addEventListener("close", () => at("delete-dialog").returnValue === "delete" && remove());
// Going back and following a link both end here; a song that is open already stays as it is.
window.addEventListener("popstate", async () => {
  if (idInAddress() === (open?.id ?? null)) return;
  await openAddress();
  if (open) reveal();
});

if (currentToken()) {
  refreshLibrary();
  openAddress();
} else {
  askForToken();
}
