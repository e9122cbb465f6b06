// The page of a share link in the reader's language. It needs no script to play.

import { sectionName } from "/page/terms.js";
import { localDate, translate } from "/page/words.js";

for (const time of document.querySelectorAll("time[datetime]")) {
  time.textContent = localDate(new Date(time.dateTime));
  time.setAttribute("translate", "no");
}
for (const section of document.querySelectorAll("[data-section]")) section.textContent = sectionName(section.dataset.section);
translate();
