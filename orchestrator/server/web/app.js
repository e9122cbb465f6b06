// The page: the address says which song is open, and the parts are wired together.

import { cancelSong, deleteSong, freshKey, orderSong, readPlan, readSong } from "/page/api.js";
import { wireChange } from "/page/change.js";
import { confirmDelete, wireDialogs } from "/page/dialogs.js";
import { followSong } from "/page/events.js";
import { complain, readForm, reuse, setBusy, wireForm } from "/page/form.js";
import { wireLanguage } from "/page/languages.js";
import { markOpen, startLibrary, stopLibrary, takeSong, wireLibrary } from "/page/library.js";
import { wireLineage } from "/page/lineage.js";
import { wireActions } from "/page/actions.js";
import { wireBar } from "/page/bar.js";
import { editedPlan, planIsStale, pointAtStalePlan, showPlan } from "/page/plan.js";
import { clearPlayer, offerList, renameTrack, renewTrack } from "/page/player.js";
import * as progress from "/page/progress.js";
import { quoteSoon } from "/page/quote.js";
import { wireReady } from "/page/ready.js";
import { closeSong, nameOf, showHead, showSong } from "/page/song.js";
import { shownIds } from "/page/songs.js";
import { showTab, wireTabs } from "/page/tabs.js";
import { trackOf } from "/page/track.js";
import { askForToken, currentToken, wireToken } from "/page/token.js";
import { t, translate } from "/page/words.js";

translate();

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

function follow(id) {
  stopFollowing();
  stopFollowing = followSong(id, {
    heard,
    lost: progress.showLost,
    back: progress.showBack,
    refused: showNoSong,
  });
}

// Why no song can be shown, in plain words, and the way out.
function showNoSong(problem) {
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

async function openAddress(known = null) {
  const id = idInAddress();
  const mine = (turn += 1);
  stopFollowing();
  stopFollowing = () => {};
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
    if (mine !== turn) return;
    open = null;
    closeSong();
    titlePage();
    showNoSong(problem);
  }
}

// Sets the address without reading the song twice.
function goTo(song) {
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

async function order(path, body, failed) {
  try {
    const song = await orderSong(path, body, freshKey());
    takeSong(song);
    goTo(song);
    return true;
  } catch (problem) {
    failed(problem);
    return false;
  }
}

async function make() {
  const request = readForm();
  if (!request) return;
  // An old plan is never sent with new words: whoever made it says what becomes of it.
  if (planIsStale()) return pointAtStalePlan();
  const plan = editedPlan();
  if (plan && !(request.body instanceof FormData)) request.body.plan = plan;
  setBusy(true, t("Sending …"));
  if (await order(request.path, request.body, complain)) showPlan(null);
  setBusy(false);
}

async function plan() {
  const request = readForm();
  if (!request) return;
  setBusy(true);
  const words = at("plan-button").textContent;
  at("plan-button").textContent = t("Planning …");
  try {
    const fresh = await readPlan(request.body);
    setBusy(false);
    showPlan(fresh, request.basis);
    // It may have been typed on while the plan was made.
    at("make-form").dispatchEvent(new Event("change"));
    progress.announce(t("The plan is ready to read and change."));
  } catch (problem) {
    setBusy(false);
    at("plan-button").textContent = words;
    complain(problem);
  }
}

function actionFailed(problem) {
  at("action-error").textContent = problem.sentence || t("That did not work. Reload the page.");
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
    takeSong(song);
    // The button is away with what it stopped.
    if (open?.id === song.id && document.activeElement === document.body) at("song-title").focus({ preventScroll: true });
  } catch (problem) {
    actionFailed(problem);
  }
  at("cancel-button").disabled = false;
}

async function remove() {
  const { id } = open;
  if (!(await confirmDelete({ title: nameOf(open) }))) return;
  try {
    await deleteSong(id);
    document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: id }));
    progress.announce(t("The song is deleted."));
    at("library-heading").focus();
  } catch (problem) {
    actionFailed(problem);
  }
}

// A deleted song is not shown any longer, wherever it was deleted.
function closeDeleted({ detail: id }) {
  if (idInAddress() === id) location.hash = "";
}

async function reuseId({ detail: id }) {
  const song = await readSong(id).catch(actionFailed);
  if (song) document.dispatchEvent(new CustomEvent("songwright:reuse", { detail: song }));
}

wireTabs();
wireDialogs();
wireForm({ make, plan });
wireBar();
wireActions({ changed: relabel, order });
// A song that is played from its own view is gone on from as the library is shown.
offerList(shownIds);
wireLibrary();
wireReady();
wireChange({ order });
wireLineage();
wireLanguage();
wireToken({
  accepted: () => (startLibrary(), quoteSoon(), openAddress()),
  forgotten: () => (stopFollowing(), stopLibrary(), closeSong(), clearPlayer()),
});
at("again-button").addEventListener("click", again);
at("finish-button").addEventListener("click", () => orderAgain(`/songs/${encodeURIComponent(open.id)}/finish`, {}));
at("cancel-button").addEventListener("click", cancel);
at("delete-button").addEventListener("click", remove);
document.addEventListener("songwright:changed", relabelOpen);
document.addEventListener("songwright:deleted", closeDeleted);
document.addEventListener("songwright:open", reveal);
document.addEventListener("songwright:reuse-id", reuseId);
document.addEventListener("songwright:reuse", ({ detail: song }) => {
  showTab("create");
  reuse(song);
  at("make-form").scrollIntoView({ block: "nearest" });
});
at("home-link").addEventListener("click", () => showTab("create"));
// Going back and following a link both end here; a song that is open already stays as it is.
window.addEventListener("popstate", async () => {
  if (idInAddress() === (open?.id ?? null)) return;
  await openAddress();
  if (open) reveal();
});

if (currentToken()) {
  startLibrary();
  openAddress();
} else {
  askForToken();
}
