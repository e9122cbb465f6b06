// Server-sent events over fetch, since EventSource cannot send the Authorization header.

import { openEvents, Problem } from "/page/api.js";

const LONGEST_WAIT = 15;
// The server says something at least every few seconds; a silent line is a dead one.
const SILENCE_MS = 60000;

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

function sleep(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
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
