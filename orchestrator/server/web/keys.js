// Keys that steer the player from anywhere on the page, except where something is typed or chosen.

import { keep, kept } from "/page/kept.js";
import { currentTime, currentTrack, LOOPS, next, playerState, previous, seek, setLoop, setMuted, setVolume, togglePlaying } from "/page/player.js";

const STEP_S = 5;
const LOUDER = 0.1;
const dialog = document.getElementById("keys-dialog");
const enabled = document.getElementById("keys-enabled");
// What has a use of its own for the key.
const TYPED = "input:not([type=checkbox]), textarea, select, [contenteditable], [role=slider], [role=grid], [role=menu], audio";
const PRESSED = "button, a, summary, input";

export function nextLoop() {
  setLoop(LOOPS[(LOOPS.indexOf(playerState().loop) + 1) % LOOPS.length]);
}

// Up and down scroll a page: alone they are the volume's only where there is nothing to scroll.
const steersVolume = (event) => event.shiftKey || event.target.closest?.("#bar");

function act(event) {
  const { key, shiftKey, repeat } = event;
  const { volume, muted } = playerState();
  // A key that is held moves on and on, and gets louder; whatever else it does, it does once.
  const again = repeat && (!key.startsWith("Arrow") || (shiftKey && /Left|Right/.test(key)));
  if (key === "?") return again || showKeys();
  if (!currentTrack()) return false;
  if (key === " " && !shiftKey) return !event.target.closest?.(PRESSED) && (again || togglePlaying(), true);
  if (again) return false;
  if (key === "ArrowRight") return shiftKey ? next() : seek(currentTime() + STEP_S), true;
  if (key === "ArrowLeft") return shiftKey ? previous() : seek(currentTime() - STEP_S), true;
  if (key === "ArrowUp" && steersVolume(event)) return setVolume(volume + LOUDER), true;
  if (key === "ArrowDown" && steersVolume(event)) return setVolume(volume - LOUDER), true;
  if (key === "m" || key === "M") return setMuted(!muted), true;
  if (key === "l" || key === "L") return nextLoop(), true;
  return false;
}

export function showKeys() {
  enabled.checked = kept("keys", true) !== false;
  dialog.showModal();
  return true;
}

export function wireKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (kept("keys", true) === false) return;
    if (document.querySelector("dialog:modal:not(#karaoke)")) return;
    if (event.target.closest?.(TYPED)) return;
    if (act(event)) event.preventDefault();
  });
  enabled.addEventListener("change", () => keep("keys", enabled.checked));
}
