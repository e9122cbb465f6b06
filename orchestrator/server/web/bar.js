// The bar at the bottom of every view: what plays, and all that steers it. wireBar() starts the whole player with it.

import { readSong } from "/page/api.js";
import { openKaraoke, wireKaraoke } from "/page/karaoke.js";
import { nextLoop, showKeys, wireKeys } from "/page/keys.js";
import { wireMediaSession } from "/page/mediasession.js";
import {
  canMove, currentTime, currentTrack, hasNext, next, onPlaying, onTime, playerState, playSong, previous, seek, setMuted, setSpeed,
  setVolume, SPEEDS, togglePlaying, wirePlayer,
} from "/page/player.js";
import { announce } from "/page/progress.js";
import { removeFromQueue, upcoming } from "/page/queue.js";
import { wireSongPlayer } from "/page/songplayer.js";
import { songOf } from "/page/songs.js";
import { wireStems } from "/page/stems.js";
import { clock, spoken } from "/page/times.js";
import { nameOf } from "/page/track.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const MOST_SHOWN = 30; // songs of the queue
const LOOP_WORDS = { off: "Repeat: off", all: "Repeat: all", one: "Repeat: this song" };

const names = new Map();
let moving = false;
let queueShown = "";
let faultSaid = "";

function showState() {
  const track = currentTrack();
  if (!track && !at("queue").hidden) toggleQueue(false);
  at("bar").hidden = !track;
  document.documentElement.classList.toggle("has-bar", Boolean(track));
  measure();
  if (!track) return;
  const { paused, duration, volume, muted, loop, speed, fault, silenced } = playerState();
  at("bar-title").textContent = track.title;
  at("bar-title").href = `#song/${encodeURIComponent(track.id)}`;
  showCover(track.cover);
  at("bar-play").setAttribute("aria-label", paused ? t("Play {title}", { title: track.title }) : t("Pause {title}", { title: track.title }));
  at("bar-play").classList.toggle("playing", !paused);
  at("bar-next").disabled = !hasNext();
  at("bar-all").textContent = clock(duration);
  at("bar-seek").max = String(Math.max(0.1, duration));
  at("bar-seek").disabled = !canMove();
  at("bar-volume").value = String(muted ? 0 : volume);
  at("bar-volume").style.setProperty("--share", `${(muted ? 0 : volume) * 100}%`);
  at("bar-volume").setAttribute("aria-valuetext", muted ? t("Muted") : `${Math.round(volume * 100)} %`);
  at("bar-mute").setAttribute("aria-pressed", String(muted));
  at("bar-loop").setAttribute("aria-label", t(LOOP_WORDS[loop]));
  at("bar-loop").title = t(LOOP_WORDS[loop]);
  at("bar-loop").dataset.loop = loop;
  at("bar-speed").value = String(speed);
  at("bar-speed").disabled = silenced;
  at("bar-speed").title = silenced ? t("The stems are played at their own speed.") : t("Speed");
  at("bar-note").textContent = fault || (track.live && !canMove() ? t("Still being made") : track.kinds.slice(0, 3).join(", "));
  at("bar-note").classList.toggle("fault", Boolean(fault));
  if (fault && fault !== faultSaid) announce(fault);
  faultSaid = fault;
  showQueue();
}

function showCover(url) {
  const image = at("bar-cover");
  if (image.dataset.of === url) return;
  image.dataset.of = url;
  image.hidden = !url;
  if (url) image.src = url;
  else image.removeAttribute("src");
}

function showTime(time, duration) {
  if (!currentTrack()) return;
  at("bar-now").textContent = clock(time);
  const slider = at("bar-seek");
  slider.setAttribute("aria-valuetext", t("{time} of {all}", { time: spoken(time), all: spoken(duration) }));
  if (!moving) slider.value = String(time);
  slider.style.setProperty("--share", `${duration ? Math.min(100, (Number(slider.value) / duration) * 100) : 0}%`);
}

// What lies at the page's end, or gets the focus there, must not lie under the bar.
function measure() {
  const height = at("bar").hidden ? 0 : at("bar").offsetHeight;
  document.documentElement.style.setProperty("--bar-height", `${height}px`);
}

// As the library knows it, or else the server, which is asked again where it did not answer.
async function nameOfSong(id) {
  const known = songOf(id);
  if (known) return nameOf(known);
  if (!names.has(id)) names.set(id, readSong(id).then(nameOf));
  return names.get(id).catch(({ status }) => {
    names.delete(id);
    return status === 404 ? t("A song that was deleted") : id;
  });
}

function queueRow(id) {
  const item = document.createElement("li");
  const play = Object.assign(document.createElement("button"), { type: "button", className: "queue-play", textContent: "…", dir: "auto" });
  const remove = Object.assign(document.createElement("button"), { type: "button", className: "queue-remove", textContent: "×" });
  play.setAttribute("translate", "no");
  play.addEventListener("click", () => playSong(id));
  remove.addEventListener("click", () => {
    removeFromQueue(id);
    showState();
  });
  nameOfSong(id).then((name) => {
    play.textContent = name;
    remove.setAttribute("aria-label", t("Take {title} out of the queue", { title: name }));
  });
  remove.setAttribute("aria-label", t("Take it out of the queue"));
  item.append(play, remove);
  return item;
}

function showQueue() {
  const ids = upcoming().slice(0, MOST_SHOWN);
  if (at("queue").hidden || queueShown === ids.join()) return;
  queueShown = ids.join();
  const list = at("queue-list");
  const { className } = document.activeElement;
  const place = [...list.children].findIndex((item) => item.contains(document.activeElement));
  list.replaceChildren(...ids.map(queueRow));
  at("queue-empty").hidden = ids.length > 0;
  // The keyboard stays at its place in the list, though the rows are others.
  if (place >= 0) (list.children[Math.min(place, ids.length - 1)]?.querySelector(`.${className}`) || at("bar-queue")).focus();
}

function fold(id, button, open) {
  at(id).hidden = !open;
  at(button).setAttribute("aria-expanded", String(open));
  measure();
}

function toggleQueue(open = at("queue").hidden) {
  fold("queue", "bar-queue", open);
  queueShown = "";
  showQueue();
}

function toggleMore() {
  const open = at("bar-more").getAttribute("aria-expanded") !== "true";
  at("bar-more").setAttribute("aria-expanded", String(open));
  at("bar").classList.toggle("open", open);
  measure();
}

function wireSlider() {
  const slider = at("bar-seek");
  // Moved at once by keys, and at the end of a drag: a file that is read from far away should not be sought all along.
  slider.addEventListener("pointerdown", () => (moving = true));
  slider.addEventListener("input", () => (moving ? showTime(Number(slider.value), playerState().duration) : seek(Number(slider.value))));
  slider.addEventListener("change", () => ((moving = false), seek(Number(slider.value))));
  for (const end of ["pointerup", "pointercancel"]) slider.addEventListener(end, () => (moving = false));
  slider.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -5, ArrowDown: -5, ArrowRight: 5, ArrowUp: 5, PageDown: -30, PageUp: 30 };
    if (!(event.key in steps) || event.shiftKey) return;
    seek(currentTime() + steps[event.key]);
    event.preventDefault();
  });
}

export function wireBar() {
  at("bar-speed").replaceChildren(...SPEEDS.map((speed) => new Option(`${speed}×`, String(speed))));
  at("bar-play").addEventListener("click", togglePlaying);
  at("bar-next").addEventListener("click", next);
  at("bar-previous").addEventListener("click", previous);
  at("bar-mute").addEventListener("click", () => setMuted(!playerState().muted));
  at("bar-volume").addEventListener("input", () => setVolume(Number(at("bar-volume").value)));
  at("bar-loop").addEventListener("click", () => (nextLoop(), announce(t(LOOP_WORDS[playerState().loop]))));
  at("bar-speed").addEventListener("change", () => setSpeed(Number(at("bar-speed").value)));
  at("bar-queue").addEventListener("click", () => toggleQueue());
  // The address of a song that is open already does not change: the frame brings it into sight.
  at("bar-title").addEventListener("click", ({ currentTarget }) => {
    if (currentTarget.href === location.href) document.dispatchEvent(new CustomEvent("songwright:open"));
  });
  at("bar-more").addEventListener("click", toggleMore);
  at("bar-keys").addEventListener("click", showKeys);
  at("bar-lyrics").addEventListener("click", openKaraoke);
  at("queue-close").addEventListener("click", () => (toggleQueue(false), at("bar-queue").focus()));
  // Wherever the focus is: on a phone the button that opened it may be folded away.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || at("queue").hidden || document.querySelector("dialog:modal")) return;
    toggleQueue(false);
    at("bar-queue").focus();
  });
  at("bar-cover").addEventListener("error", () => (at("bar-cover").hidden = true));
  wireSlider();
  new ResizeObserver(measure).observe(at("bar"));
  onPlaying(showState);
  onTime(showTime);
  wireSongPlayer();
  wireStems();
  wireKaraoke();
  wireMediaSession();
  wireKeys();
  wirePlayer();
}
