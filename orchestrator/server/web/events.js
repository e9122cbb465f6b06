// Server-sent events over fetch, since EventSource cannot send the Authorization header.

import { openEvents, Problem } from "/page/api.js";

const LONGEST_WAIT_S = 15;
// The server says something every 15 s or so; a line silent for longer than two of those is a dead one.
const SILENCE_MS = 40_000;

async function* blocks(stream) {
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
function sleep(seconds, signal) {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const [target, name] of ends) target.removeEventListener(name, end);
      resolve();
    };
    const timer = setTimeout(end, seconds * 1000);
    const ends = [[window, "online"], [signal, "abort"]];
    for (const [target, name] of ends) target.addEventListener(name, end);
  });
}

// Follows a stream through any number of lost connections, until the function it returns is called. open(headers,
// signal) asks for it. heard({ type, data, id }) is called for each event, and says whether it was the last one. lost(seconds)
// and back() tell of the connection, and refused(problem) says whether it is of no use to ask again.
export function followStream({ open, heard, lost, back, refused }) {
  const stop = new AbortController();
  let last = null;
  let wait = 1;

  // One connection. Whether nobody needs another one.
  async function listen() {
    const line = new AbortController();
    const cut = () => line.abort();
    stop.signal.addEventListener("abort", cut, { once: true });
    // A stream over a network that is gone does not end, it only falls silent.
    window.addEventListener("offline", cut);
    let watch = setTimeout(cut, SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await open(headers, line.signal);
      back();
      for await (const event of blocks(response.body)) {
        clearTimeout(watch);
        watch = setTimeout(cut, SILENCE_MS);
        wait = 1;
        if (stop.signal.aborted) return true;
        if (event.id) last = event.id;
        if (heard(event)) return true;
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
        if (stop.signal.aborted) return;
        if (error instanceof Problem && refused(error)) return;
        if (error instanceof Problem && error.retryAfter) wait = Math.min(LONGEST_WAIT_S, error.retryAfter);
      }
      if (stop.signal.aborted) return;
      // Many pages that lost one server do not all come back in the same moment.
      const seconds = wait * (1 + Math.random() / 2);
      lost(Math.round(seconds));
      await sleep(seconds, stop.signal);
      wait = Math.min(LONGEST_WAIT_S, wait * 2);
    }
  })();

  return () => stop.abort();
}

// Calls heard(type, data) for each event of a song until its `end`. refused(problem) ends it too.
export function followSong(id, { heard, lost, back, refused }) {
  return followStream({
    open: (headers, signal) => openEvents(id, headers, signal),
    heard({ type, data }) {
      if (data) heard(type, JSON.parse(data));
      return type === "end";
    },
    refused(problem) {
      const isHopeless = problem.status < 500 && problem.status !== 429;
      if (isHopeless) refused(problem);
      return isHopeless;
    },
    lost,
    back,
  });
}
