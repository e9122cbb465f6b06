// Server-sent events over fetch, since EventSource cannot send the Authorization header.

import { openEvents, Problem } from "/page/api.js";

const LONGEST_WAIT = 15;
// The server says something every 15 s or so; a line silent for longer than two of those is a dead one.
const SILENCE_MS = 40000;

export async function* blocks(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      rest += value;
      // A \r at the very end may be half of \r\n: wait for the rest of it.
      const parts = rest.split(/\r\n\r\n|\n\n|\r\r(?!\n)/);
      rest = parts.pop();
      for (const part of parts) yield parse(part);
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function parse(block) {
  const event = { type: "message", data: "", id: null };
  const data = [];
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value] = /^([^:]*):? ?(.*)$/.exec(line);
    if (name === "data") data.push(value);
    else if (name === "event") event.type = value;
    else if (name === "id") event.id = value;
  }
  event.data = data.join("\n");
  return event;
}

// Ends early when the network is back, or when nobody waits any more.
function sleep(ms, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener("online", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener("online", end);
    signal.addEventListener("abort", end, { once: true });
  });
}

// Calls heard(type, data) for each event until `end`, through any number of lost connections.
// lost(seconds) and back() tell of the connection; refused(problem) ends it.
export function followSong(id, { heard, lost, back, refused }) {
  const stop = new AbortController();
  let last = null;
  let wait = 1;

  async function listen() {
    const line = new AbortController();
    const cut = () => line.abort();
    stop.signal.addEventListener("abort", cut, { once: true });
    // A stream over a network that is gone does not end, it only falls silent.
    window.addEventListener("offline", cut);
    let watch = setTimeout(cut, SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await openEvents(id, headers, line.signal);
      back();
      for await (const event of blocks(response.body)) {
        clearTimeout(watch);
        watch = setTimeout(cut, SILENCE_MS);
        wait = 1;
        if (event.id) last = event.id;
        if (!event.data) continue;
        const data = JSON.parse(event.data);
        if (stop.signal.aborted) return true;
        heard(event.type, data);
        if (event.type === "end") return true;
      }
      return false;
    } finally {
      clearTimeout(watch);
      stop.signal.removeEventListener("abort", cut);
      window.removeEventListener("offline", cut);
    }
  }

  (async () => {
    while (!stop.signal.aborted) {
      try {
        if (await listen()) return;
      } catch (error) {
        const hopeless = error instanceof Problem && error.status < 500 && error.status !== 429;
        if (hopeless && !stop.signal.aborted) return refused(error);
        if (error instanceof Problem && error.retryAfter) wait = Math.min(LONGEST_WAIT, error.retryAfter);
      }
      if (stop.signal.aborted) return;
      lost(wait);
      await sleep(wait * 1000, stop.signal);
      wait = Math.min(LONGEST_WAIT, wait * 2);
    }
  })();

  return () => stop.abort();
}
