// What is asked of the server: a plan, a song, the open song once more, that it is stopped or deleted.

import { cancelSong, deleteSong, freshKey, orderSong, readPlan, Unreachable } from "/page/api.js";
import { confirmDelete } from "/page/dialogs.js";
import { complain, readForm, setBusy } from "/page/form.js";
import { takeSong } from "/page/library.js";
import { goTo, openSong, present, stopFollowing } from "/page/opened.js";
import { editedPlan, planIsStale, pointAtStalePlan, showPlan } from "/page/plan.js";
import * as progress from "/page/progress.js";
import { nameOf } from "/page/song.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const WISHES = ["plan", "guidance_scale", "infer_step", "temperature", "top_k", "top_p"];

// The last request whose answer was lost: pressed once more, it is the same request, and makes no second song.
let lost = null;

const textOf = (body) => JSON.stringify(body instanceof FormData ? [...body].map(([name, value]) => [name, value.name ? [value.name, value.size, value.lastModified] : value]) : body);

export async function order(path, body, failed) {
  const asked = `${path} ${textOf(body)}`;
  const key = lost?.asked === asked ? lost.key : freshKey();
  lost = null;
  try {
    const song = await orderSong(path, body, key);
    takeSong(song);
    goTo(song);
    return true;
  } catch (problem) {
    if (problem instanceof Unreachable || problem.status >= 500) lost = { asked, key };
    failed(problem);
    return false;
  }
}

export async function make({ withoutPlan = false } = {}) {
  const request = readForm();
  if (!request) return;
  // An old plan is never sent with new words: whoever made it says what becomes of it.
  if (planIsStale() && !withoutPlan) return pointAtStalePlan();
  const plan = withoutPlan ? null : editedPlan();
  if (plan) request.body.plan = plan;
  setBusy(true, t("Sending …"));
  if (await order(request.path, request.body, complain)) showPlan(null);
  setBusy(false);
}

export async function makePlan() {
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

export function actionFailed(problem) {
  at("action-error").textContent = problem.sentence || t("That did not work. Reload the page.");
  at("action-error").hidden = false;
}

async function orderAgain(path, body) {
  at("again-button").disabled = at("finish-button").disabled = true;
  await order(path, body, actionFailed);
  at("again-button").disabled = at("finish-button").disabled = false;
}

async function again() {
  const { id, brief } = openSong();
  // The server has the photo, the song that was changed, or the plan that said all: the same words to other music.
  if (brief.photo || brief.change || !brief.description) return orderAgain("/generate-like", { like: id, seed: -1 });
  const body = { audio_duration: brief.duration_s, seed: -1, format: brief.format, variations: 1, instrumental: brief.instrumental };
  if (brief.draft) body.draft = true;
  let path = "/generate-from-description";
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
  for (const wish of WISHES) if (brief[wish] !== null) body[wish] = brief[wish];
  for (const wish of ["master", "cover_title"]) if (brief[wish] === false) body[wish] = false;
  await orderAgain(path, body);
}

async function cancel() {
  at("cancel-button").disabled = true;
  try {
    const song = await cancelSong(openSong().id);
    if (openSong()?.id === song.id) {
      present(song);
      if (!progress.isRunning(song.status)) stopFollowing();
    }
    takeSong(song);
    // The button is away with what it stopped.
    if (openSong()?.id === song.id && document.activeElement === document.body) at("song-title").focus({ preventScroll: true });
  } catch (problem) {
    actionFailed(problem);
  }
  at("cancel-button").disabled = false;
}

async function remove() {
  const { id } = openSong();
  if (!(await confirmDelete({ title: nameOf(openSong()) }))) return;
  try {
    await deleteSong(id);
    document.dispatchEvent(new CustomEvent("songwright:deleted", { detail: id }));
    progress.announce(t("The song is deleted."));
    at("library-heading").focus();
  } catch (problem) {
    actionFailed(problem);
  }
}

export function wireOrders() {
  at("again-button").addEventListener("click", again);
  at("finish-button").addEventListener("click", () => orderAgain(`/songs/${encodeURIComponent(openSong().id)}/finish`, {}));
  at("cancel-button").addEventListener("click", cancel);
  at("delete-button").addEventListener("click", remove);
}
