// The system's own controls: lock screen, headset buttons, the keyboard's media keys.

import { canMove, currentTime, currentTrack, next, onPlaying, onTime, pausePlayer, playerState, previous, seek, togglePlaying } from "/page/player.js";

const STEP_S = 10;
let described = "";

function describe() {
  const track = currentTrack();
  const key = track ? JSON.stringify([track.id, track.title, track.cover]) : "";
  if (key === described) return;
  described = key;
  navigator.mediaSession.metadata = track && new MediaMetadata({
    title: track.title,
    artist: track.kinds.slice(0, 3).join(", ") || "Songwright",
    album: "Songwright",
    artwork: track.cover ? [{ src: track.cover, sizes: "1024x1024" }] : [],
  });
}

function showPosition() {
  const { duration, speed, silenced } = playerState();
  if (!duration || !canMove()) return navigator.mediaSession.setPositionState();
  navigator.mediaSession.setPositionState({ duration, playbackRate: silenced ? 1 : speed, position: Math.min(currentTime(), duration) });
}

export function wireMediaSession() {
  if (!("mediaSession" in navigator)) return;
  const { mediaSession } = navigator;
  const actions = {
    play: () => playerState().paused && togglePlaying(),
    pause: pausePlayer,
    previoustrack: previous,
    nexttrack: next,
    seekto: ({ seekTime }) => seek(seekTime),
    seekbackward: ({ seekOffset }) => seek(currentTime() - (seekOffset || STEP_S)),
    seekforward: ({ seekOffset }) => seek(currentTime() + (seekOffset || STEP_S)),
  };
  for (const [action, handler] of Object.entries(actions)) {
    try {
      mediaSession.setActionHandler(action, handler);
    } catch {
      // A browser that does not know this action has no button for it.
    }
  }
  onPlaying((state) => {
    describe();
    mediaSession.playbackState = !state ? "none" : state.paused ? "paused" : "playing";
    showPosition();
  });
  // The system counts on by itself: it needs to know only of jumps.
  let last = 0;
  onTime((time) => {
    if (Math.abs(time - last) > 1) showPosition();
    last = time;
  });
}
