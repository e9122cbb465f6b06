// What of the library is shown, and in which order: the search, the filters, the sorting.

import { GENRES } from "/page/pickers.js";
import * as selection from "/page/selection.js";
import * as songs from "/page/songs.js";
import { t } from "/page/words.js";

const at = (id) => document.getElementById(id);
const SEARCH_MS = 250;
const FILTERS = { status: "filter-status", genre: "filter-genre", instrumental: "filter-instrumental" };

let timer = 0;
let list = null;
let shown = "";

function readWanted() {
  const wanted = { q: at("library-search").value.trim(), sort: at("library-sort").value };
  for (const [name, id] of Object.entries(FILTERS)) wanted[name] = at(id).value;
  if (at("filter-favourite").getAttribute("aria-pressed") === "true") wanted.favourite = "true";
  if (wanted.sort === "newest") wanted.sort = "";
  const set = Object.keys(FILTERS).some((name) => wanted[name]) || wanted.sort;
  at("filter-button").classList.toggle("set", Boolean(set));
  return wanted;
}

// Reads the songs that are wanted now. What the filters hide is no longer selected: nobody deletes what is not in sight.
export function filterLibrary() {
  clearTimeout(timer);
  list.scrollTop = 0;
  const { sort, ...filters } = readWanted();
  if (shown !== JSON.stringify(filters)) selection.clearSelection();
  shown = JSON.stringify(filters);
  return songs.want({ ...filters, sort });
}

function clearFilters() {
  at("library-search").value = at("filter-status").value = at("filter-genre").value = at("filter-instrumental").value = "";
  at("library-sort").value = "newest";
  at("filter-favourite").setAttribute("aria-pressed", "false");
  filterLibrary();
  at("library-search").focus();
}

// `list` is the box that scrolls; down() goes from the search to the first song.
export function wireFilters(wiring) {
  ({ list } = wiring);
  at("library-search-form").addEventListener("submit", (event) => (event.preventDefault(), filterLibrary()));
  at("library-search").addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(filterLibrary, SEARCH_MS);
  });
  at("library-search").addEventListener("keydown", (event) => event.key === "ArrowDown" && (event.preventDefault(), wiring.down()));
  for (const id of [...Object.values(FILTERS), "library-sort"]) at(id).addEventListener("change", filterLibrary);
  at("filter-genre").append(...GENRES.map((name) => new Option(t(name), name)));
  at("filter-favourite").addEventListener("click", ({ currentTarget: button }) => {
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
    filterLibrary();
  });
  at("filter-button").addEventListener("click", () => {
    at("library-filters").hidden = !at("library-filters").hidden;
    at("filter-button").setAttribute("aria-expanded", String(!at("library-filters").hidden));
  });
  for (const id of ["filter-clear", "none-clear"]) at(id).addEventListener("click", clearFilters);
}
