// The library's own event stream: what happens to any song, whoever asked for it.

import { openLibraryEvents } from "/page/api.js";
import { followStream } from "/page/events.js";

// A page that nobody looks at lets go: on Modal a stream keeps the service's container up, which is paid for.
const HIDDEN_MS = 60_000;

// Calls heard(type, data) for each event: a `reset` says that what happened meanwhile is to be read. back() and lost()
// tell of the connection. Ends with a call of the function it returns.
export function followLibrary(listeners) {
  let leave = follow(listeners);
  let timer = 0;
  const look = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") leave ??= follow(listeners);
    else timer = setTimeout(() => (leave?.(), (leave = null)), HIDDEN_MS);
  };
  document.addEventListener("visibilitychange", look);
  return () => {
    document.removeEventListener("visibilitychange", look);
    clearTimeout(timer);
    leave?.();
  };
}

function follow({ heard, back, lost }) {
  return followStream({
    open: openLibraryEvents,
    heard({ type, data }) {
      if (type === "reset") heard("reset", null);
      else if (data) heard(type, JSON.parse(data));
    },
    // A token that is not taken is asked for elsewhere, and then the library is followed anew.
    refused: ({ status }) => status === 401,
    lost,
    back,
  });
}
