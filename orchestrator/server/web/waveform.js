// The waveform on a canvas, played part in another colour, with the sections marked under it.

import { sectionName } from "/page/terms.js";
import { t } from "/page/words.js";

const canvas = document.getElementById("waveform");
const marks = document.getElementById("sections");

let peaks = [];
let share = 0;

function colour(name) {
  return getComputedStyle(canvas).getPropertyValue(name).trim();
}

export function drawWaveform() {
  const width = canvas.clientWidth;
  const height = canvas.clientHeight;
  if (!width || !height) return;
  const ratio = Math.min(3, window.devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const step = 4;
  const count = Math.max(1, Math.floor(width / step));
  const played = colour("--wave-played");
  const ahead = colour("--wave-ahead");
  for (let bar = 0; bar < count; bar += 1) {
    // The loudest of the peaks under a bar, so that no hit is lost on a narrow screen.
    const from = Math.floor((bar * peaks.length) / count);
    const to = Math.max(from + 1, Math.floor(((bar + 1) * peaks.length) / count));
    let peak = 0;
    for (let index = from; index < to && index < peaks.length; index += 1) peak = Math.max(peak, peaks[index]);
    const tall = Math.max(2, Math.min(1, peak) * (height - 2));
    pen.fillStyle = (bar + 0.5) / count <= share ? played : ahead;
    pen.fillRect(bar * step, (height - tall) / 2, step - 1.5, tall);
  }
}

export function showWaveform(newPeaks) {
  peaks = Array.isArray(newPeaks) ? newPeaks.map((peak) => Math.abs(Number(peak)) || 0) : [];
  drawWaveform();
}

export function showPlayed(newShare) {
  share = Math.min(1, Math.max(0, newShare || 0));
  drawWaveform();
}

// Marks a span over the waveform, by shares of the song; null takes it away.
export function showSpan(shares) {
  const mark = document.getElementById("span");
  mark.hidden = !shares || !(shares[1] > shares[0]);
  if (mark.hidden) return;
  mark.style.left = `${shares[0] * 100}%`;
  mark.style.width = `${Math.min(1, shares[1]) * 100 - shares[0] * 100}%`;
}

export function showSections(sections, duration) {
  marks.replaceChildren();
  if (!duration) return;
  for (const section of sections || []) {
    const mark = document.createElement("span");
    const end = Math.min(section.end_s, duration);
    mark.textContent = mark.title = sectionName(section.kind);
    mark.dataset.kind = section.kind;
    mark.style.left = `${(section.start_s / duration) * 100}%`;
    mark.style.width = `${(Math.max(0, end - section.start_s) / duration) * 100}%`;
    marks.append(mark);
  }
}

export function markSection(sections, time) {
  (sections || []).forEach((section, index) => {
    marks.children[index]?.classList.toggle("now", time >= section.start_s && time < section.end_s);
  });
}

new ResizeObserver(drawWaveform).observe(canvas);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawWaveform);
