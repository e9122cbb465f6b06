// The menu of a row. The browser closes it at a click beside it and at Escape.

const menu = document.getElementById("row-menu");
const items = [...menu.querySelectorAll("[role=menuitem]")];

let opener = null;
let song = null;

export function openMenu(button, of) {
  [opener, song] = [button, of];
  const damaged = song.status === "unreadable";
  for (const item of items) {
    const what = item.dataset.do;
    item.hidden = (damaged && what !== "delete") || (what === "download" && song.status !== "done");
  }
  menu.showPopover();
  const { bottom, right, top } = button.getBoundingClientRect();
  const { height, width } = menu.getBoundingClientRect();
  menu.style.left = `${Math.max(8, right - width)}px`;
  menu.style.top = `${bottom + height + 8 < innerHeight ? bottom + 4 : Math.max(8, top - height - 4)}px`;
  items.find((item) => !item.hidden).focus();
}

// chosen(what, song) is called with the item that was taken.
export function wireMenu(chosen) {
  menu.addEventListener("click", ({ target }) => {
    const what = target.closest("[data-do]")?.dataset.do;
    if (!what) return;
    menu.hidePopover();
    chosen(what, song);
  });
  menu.addEventListener("keydown", (event) => {
    const shown = items.filter((item) => !item.hidden);
    const now = shown.indexOf(document.activeElement);
    const steps = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: shown.length - 1 };
    if (event.key === "Tab") menu.hidePopover();
    if (!(event.key in steps)) return;
    event.preventDefault();
    shown.at(steps[event.key] % shown.length).focus();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "closed" || !(menu.contains(document.activeElement) || document.activeElement === document.body)) return;
    // The list may have moved under the menu: back to the row that the song has now.
    const row = document.querySelector(`#library-list [data-id="${song.id}"]`);
    (row?.querySelector("[data-do=menu]") || opener).focus();
  });
}
