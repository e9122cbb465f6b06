// The open song: its words, cover, files and facts.

import { showActions } from "/page/actions.js";
import { showChange } from "/page/change.js";
import { showLineage } from "/page/lineage.js";
import { hideLyrics, showLrc, showWords } from "/page/lyrics.js";
import { hidePlayer, leaveFailed, playFrom, showLivePlayer, showPlayer } from "/page/songplayer.js";
import { leaveStems, showStems } from "/page/stems.js";
import { nameOf, trackOf } from "/page/track.js";
import { announce, isRunning, STATUS_WORDS } from "/page/progress.js";
import { downloadOf, readText, readWaveform } from "/page/api.js";
import { stepName } from "/page/terms.js";
import { clock } from "/page/times.js";
import { localPrice, t } from "/page/words.js";
import { showSections, showWaveform } from "/page/waveform.js";

const at = (id) => document.getElementById(id);
const DOWNLOADS = [
  ["audio", "Audio"],
  ["cover", "Cover"],
  ["lyrics", "Lyrics"],
  ["lrc", "Timed lyrics (LRC)"],
  ["midi", "Score (MIDI)"],
  ["package", "Everything (ZIP)"],
];

const ENGINES = {
  lyrics: "Lyrics engine", music: "Music engine", art: "Art engine", vision: "Vision engine", listening: "Listening engine",
  separation: "Separation engine",
};

let reading = new AbortController();

function element(tag, text, attributes = {}) {
  const made = Object.assign(document.createElement(tag), attributes);
  if (text) made.textContent = text;
  return made;
}

export { nameOf };

// The song's own words and picture, without its sound and files.
export function showHead(song) {
  at("song-title").textContent = nameOf(song);
  const description = song.brief?.description || song.brief?.about || song.scene?.description || "";
  at("song-description").textContent = description === nameOf(song) ? "" : description;
  const status = at("song-status");
  status.textContent = t(STATUS_WORDS[song.status] || song.status);
  status.dataset.status = song.status;
  status.hidden = song.status === "done";
  const kinds = song.categories?.length ? song.categories : song.plan?.categories || [];
  at("song-categories").replaceChildren(...kinds.map((kind) => element("span", kind)));
  showCover(song);
  showActions(song);
}

function showCover(song) {
  const image = at("song-cover");
  const url = song.urls?.cover;
  at("cover-blank").hidden = Boolean(url);
  image.hidden = !url;
  image.alt = url ? t("Cover of {title}", { title: nameOf(song) }) : "";
  if (url && image.getAttribute("src") !== url) image.src = url;
  if (!url) image.removeAttribute("src");
}

function showTakes(song) {
  const takes = at("takes");
  const ids = song.sibling_ids || [];
  takes.hidden = ids.length < 2;
  takes.replaceChildren(...ids.map((id, index) => {
    const words = song.takes?.best === id ? t("Take {n}, the best", { n: index + 1 }) : t("Take {n}", { n: index + 1 });
    const link = element("a", words, { href: `#song/${encodeURIComponent(id)}` });
    if (id === song.id) link.setAttribute("aria-current", "page");
    return link;
  }));
}

function fileSize(bytes) {
  if (!bytes) return "";
  return bytes < 1e6 ? `${Math.max(1, Math.round(bytes / 1e3))} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function showDownloads(song) {
  const items = [];
  for (const [role, name] of DOWNLOADS) {
    if (!song.urls?.[role]) continue;
    const link = element("a", t(name), { href: downloadOf(song, role), id: `download-${role}` });
    link.setAttribute("download", "");
    const size = fileSize(song.assets?.[role]?.size_bytes);
    if (size) link.append(" ", element("span", size, { className: "hint" }));
    const item = element("li");
    item.append(link);
    items.push(item);
  }
  at("downloads").replaceChildren(...items);
  at("downloads-part").hidden = !items.length;
}

function showFacts(song) {
  const facts = [];
  const { music, engines = {} } = song;
  if (music) {
    facts.push([t("Tempo"), `${Math.round(music.tempo_bpm * 10) / 10} BPM`], [t("Key"), music.key], [t("Metre"), music.metre]);
    facts.push([t("Duration"), clock(music.duration_s)]);
    if (Number.isFinite(music.loudness_lufs)) facts.push([t("Loudness"), `${music.loudness_lufs.toFixed(1)} LUFS`]);
  }
  if (song.listening) facts.push([t("Words heard"), `${Math.round(song.listening.share * 100)} %`]);
  if (song.takes) facts.push([t("Takes"), song.takes.why]);
  if (song.seed !== null && song.seed !== undefined) facts.push([t("Seed"), String(song.seed)]);
  const prices = Object.values(song.costs || {}).map((cost) => cost.usd).filter(Number.isFinite);
  if (prices.length) {
    const usd = prices.reduce((sum, price) => sum + price, 0);
    facts.push([t("Cost"), localPrice(usd, usd < 1 ? 4 : 2)]);
  }
  for (const [craft, engine] of Object.entries(engines)) {
    if (engine) facts.push([ENGINES[craft] ? t(ENGINES[craft]) : craft, [engine.name, engine.version].filter(Boolean).join(" ")]);
  }
  at("facts").replaceChildren(...facts.filter(([, value]) => value).map(([name, value]) => {
    const pair = element("div");
    pair.append(element("dt", name), element("dd", value));
    return pair;
  }));
  at("engine-note").hidden = !Object.values(engines).some((engine) => engine?.name === "sketch");
  const warnings = [song.warnings, ...Object.values(engines).map((engine) => engine?.warnings)].flat().filter(Boolean);
  at("song-warnings").replaceChildren(...[...new Set(warnings)].map((line) => element("li", line)));
  at("song-warnings").hidden = !warnings.length;
  at("facts-part").hidden = !facts.length && !warnings.length;
}

function showFailure(song) {
  const notice = at("song-failure");
  notice.hidden = !["failed", "cancelled"].includes(song.status);
  if (song.status === "cancelled") notice.textContent = t("This song was cancelled before it was done.");
  if (song.status === "failed") {
    const { step, message = "" } = song.error || {};
    const words = step ? t("The song could not be made (while: {step}).", { step: stepName(step) }) : t("The song could not be made.");
    notice.textContent = `${words} ${message}`.trim();
  }
}

function showSound(song, track) {
  const { signal } = reading;
  showPlayer(track);
  showWaveform([]);
  showSections(track.sections, track.seconds);
  if (song.urls.waveform || song.assets?.waveform) {
    readWaveform(song.id, signal).then((wave) => showWaveform(wave.peaks)).catch(() => {});
  }
}

function showLiveSound(track) {
  showWaveform([]);
  showSections([], 0);
  showLivePlayer(track, () => announce(t("You can listen to the beginning already.")));
}

async function showSungWords(song) {
  const { signal } = reading;
  const has = (role) => song.urls?.[role] || song.assets?.[role];
  try {
    if (has("lrc") && showLrc(await readText(song.id, "lrc", signal), playFrom)) return;
    if (has("lyrics")) showWords(await readText(song.id, "lyrics", signal));
  } catch (error) {
    if (error.name !== "AbortError" && song.plan?.lyrics) showWords(song.plan.lyrics);
  }
}

// Addresses expire and networks go: better no picture than a broken one. The next look at the song tries again.
at("song-cover").addEventListener("error", () => {
  at("song-cover").removeAttribute("src");
  at("song-cover").hidden = true;
  at("cover-blank").hidden = false;
});

export function closeSong() {
  reading.abort();
  reading = new AbortController();
  hidePlayer();
  hideLyrics();
  leaveStems();
  at("song").hidden = true;
  at("stage-empty").hidden = false;
  at("action-error").hidden = true;
}

export function showSong(song) {
  reading.abort();
  reading = new AbortController();
  at("stage-empty").hidden = true;
  at("song-error").hidden = true;
  at("action-error").hidden = true;
  at("song").hidden = false;
  at("song").dataset.status = song.status;
  showHead(song);
  showTakes(song);
  showFailure(song);
  showDownloads(song);
  showStems(song);
  showFacts(song);
  hideLyrics();
  const track = trackOf(song);
  if (track && !track.live) {
    showSound(song, track);
    showSungWords(song);
  } else {
    if (track) showLiveSound(track);
    else if (isRunning(song.status)) hidePlayer();
    else leaveFailed(song.id);
    if (song.plan?.lyrics && !song.brief?.instrumental) showWords(song.plan.lyrics);
  }
  at("finish-button").hidden = song.status !== "done" || !song.brief?.draft;
  showChange(song, reading.signal);
  showLineage(song, reading.signal);
  const running = isRunning(song.status);
  at("song-actions").hidden = running;
  // While it is made there is enough to watch.
  if (running) at("downloads-part").hidden = at("facts-part").hidden = true;
}
