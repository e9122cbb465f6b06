// The library's own event stream: what happens to any song, whoever asked for it.

import { openLibraryEvents, Problem } from "/page/api.js";
import { blocks } from "/page/events.js";

const LONGEST_WAIT_S = 30;
// Comments come every 15 s or so; a stream that is silent for longer than two of those is dead.
const SILENCE_MS = 45_000;

// Calls heard(type, data) for each event through any number of lost connections: a `reset` says that what happened
// meanwhile is to be read. back() and lost() tell of the connection.
export function followLibrary({ heard, back, lost }) {
  const stop = new AbortController();
  let last = null;
  let wait = 1;

  async function listen() {
    const line = new AbortController();
    const cut = () => line.abort();
    stop.signal.addEventListener("abort", cut, { once: true });
    window.addEventListener("offline", cut);
    let watch = setTimeout(cut, SILENCE_MS);
    try {
      const headers = { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) };
      const response = await openLibraryEvents(headers, line.signal);
      back();
      wait = 1;
      for await (const event of blocks(response.body)) {
        clearTimeout(watch);
        watch = setTimeout(cut, SILENCE_MS);
        if (stop.signal.aborted) return;
        if (event.id) last = event.id;
        if (event.type === "reset") heard("reset", null);
        else if (event.data) heard(event.type, JSON.parse(event.data));
      }
    } finally {
      clearTimeout(watch);
      stop.signal.removeEventListener("abort", cut);
      window.removeEventListener("offline", cut);
    }
  }

  function pause(seconds) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        for (const [target, name] of ends) target.removeEventListener(name, end);
        resolve();
      };
      const timer = setTimeout(end, seconds * 1000);
      const ends = [[window, "online"], [stop.signal, "abort"]];
      for (const [target, name] of ends) target.addEventListener(name, end);
    });
  }

  (async () => {
    while (!stop.signal.aborted) {
      try {
        await listen();
      } catch (error) {
        // A token that is not taken is asked for elsewhere, and then the library is followed anew.
        if (error instanceof Problem && error.status === 401) return;
        if (error instanceof Problem && error.retryAfter) wait = Math.min(LONGEST_WAIT_S, error.retryAfter);
      }
      if (stop.signal.aborted) return;
      lost();
      // Many pages that lost one server do not all come back in the same moment.
      await pause(wait * (0.75 + Math.random() / 2));
      wait = Math.min(LONGEST_WAIT_S, wait * 2);
    }
  })();

  return () => stop.abort();
}
