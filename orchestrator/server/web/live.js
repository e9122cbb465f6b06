// The library's own event stream: what happens to any song, whoever asked for it.

import { openLibraryEvents } from "/page/api.js";
import { followStream } from "/page/events.js";

// Calls heard(type, data) for each event: a `reset` says that what happened meanwhile is to be read. back() and lost()
// tell of the connection.
export function followLibrary({ heard, back, lost }) {
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
