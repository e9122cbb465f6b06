// Words that the service writes and the page shows in its own language: kinds of sections, what engines and steps do.
// One that is not here is shown as it came.

import { t } from "/page/words.js";

const SECTIONS = {
  intro: "intro", verse: "verse", "pre-chorus": "pre-chorus", chorus: "chorus", hook: "hook", bridge: "bridge", solo: "solo",
  instrumental: "instrumental", interlude: "interlude", break: "break", drop: "drop", outro: "outro",
};
const DOINGS = {
  writing: "writing", reading: "reading", composing: "composing", decoding: "decoding", painting: "painting", naming: "naming",
  mastering: "mastering", listening: "listening", singing: "singing", saving: "saving", loading: "loading", waiting: "waiting",
  done: "done", choosing: "choosing", looking: "looking", "setting the title": "setting the title", "saving files": "saving files",
  "putting the stems together": "putting the stems together", "taking the song": "taking the song",
  "taking the song apart": "taking the song apart", "the beginning": "the beginning",
};

// What is done in the steps that a song may fail in.
const STEPS = {
  photo: "looking", lyrics: "writing", music: "composing", separate: "taking the song apart", cover: "painting",
  "music and cover": "composing", listen: "listening", tags: "saving files",
};

export function sectionName(kind) {
  return Object.hasOwn(SECTIONS, kind) ? t(SECTIONS[kind]) : kind.replace(/_/g, " ");
}

export function doingName(stage) {
  return Object.hasOwn(DOINGS, stage) ? t(DOINGS[stage]) : stage;
}

export function stepName(step) {
  return Object.hasOwn(STEPS, step) ? t(STEPS[step]) : step;
}
