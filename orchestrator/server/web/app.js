// The page: its parts are wired together.

import { wireActions } from "/page/actions.js";
import { readSong } from "/page/api.js";
import { wireBar } from "/page/bar.js";
import { wireChange } from "/page/change.js";
import { wireDialogs } from "/page/dialogs.js";
import { clearErrors, reuse, wireForm } from "/page/form.js";
import { wireLanguage } from "/page/languages.js";
import { startLibrary, stopLibrary, wireLibrary } from "/page/library.js";
import { wireLineage } from "/page/lineage.js";
import { openAddress, relabel, stopFollowing, wireOpened } from "/page/opened.js";
import { actionFailed, make, makePlan, order, wireOrders } from "/page/orders.js";
import { clearPlayer, offerList } from "/page/player.js";
import { quoteSoon } from "/page/quote.js";
import { wireReady } from "/page/ready.js";
import { closeSong } from "/page/song.js";
import { shownIds } from "/page/songs.js";
import { showTab, wireTabs } from "/page/tabs.js";
import { askForToken, currentToken, wireToken } from "/page/token.js";
import { translate } from "/page/words.js";

const at = (id) => document.getElementById(id);

async function reuseId({ detail: id }) {
  const song = await readSong(id).catch(actionFailed);
  if (song) document.dispatchEvent(new CustomEvent("songwright:reuse", { detail: song }));
}

translate();
wireTabs();
wireDialogs();
wireForm({ make, plan: makePlan });
wireBar();
wireActions({ changed: relabel, order });
// A song that is played from its own view is gone on from as the library is shown.
offerList(shownIds);
wireLibrary();
wireReady();
wireChange({ order });
wireLineage();
wireLanguage();
wireToken({
  accepted: () => (clearErrors(), startLibrary(), quoteSoon(), openAddress()),
  forgotten: () => (stopFollowing(), stopLibrary(), closeSong(), clearPlayer()),
});
wireOrders();
wireOpened();
document.addEventListener("songwright:reuse-id", reuseId);
document.addEventListener("songwright:reuse", ({ detail: song }) => {
  showTab("create");
  reuse(song);
  at("make-form").scrollIntoView({ block: "nearest" });
});
at("home-link").addEventListener("click", () => showTab("create"));

if (currentToken()) {
  startLibrary();
  openAddress();
} else {
  askForToken();
}
