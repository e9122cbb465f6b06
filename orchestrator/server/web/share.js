// The page of a share link in the reader's language. It needs no script to play.

import { localDate, translate } from "/page/words.js";

for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = localDate(new Date(time.dateTime));
  time.setAttribute("translate", "no");
}
translate();
