// The API reference: one view at a time, chosen by the address's fragment and written out from /openapi.json, so
// that it cannot differ from the service.
//
//   #                          overview            #events, #webhooks, #errors, #schemas
//   #tag-songs                 a group             #schema-SongAnswer          a schema
//   #list_songs                an operation        #list_songs/limit           one of its fields

import { Api } from "/page/docs/document.js";
import { errorsView, eventsView, groupView, overview, schemasView, schemaView, webhooksView } from "/page/docs/guides.js";
import { operationView } from "/page/docs/operation.js";
import { badge, english, heading, title, wide } from "/page/docs/pieces.js";
import { element } from "/page/docs/schema.js";
import { wireSearch } from "/page/docs/search.js";
import { t, translate } from "/page/words.js";

const at = (id) => document.getElementById(id);
const GUIDES = { "": overview, events: eventsView, webhooks: webhooksView, errors: errorsView, schemas: schemasView };

function viewOf(name, api) {
  if (Object.hasOwn(GUIDES, name)) return GUIDES[name](api);
  if (name.startsWith("tag-") && api.groups.has(name.slice(4))) return groupView(name.slice(4), api.groups.get(name.slice(4)));
  if (name.startsWith("schema-") && Object.hasOwn(api.schemas, name.slice(7))) return schemaView(name.slice(7), api.schemas[name.slice(7)]);
  if (api.byId.has(name)) return operationView(api.byId.get(name), api);
  return [heading(t("There is no such page")), element("p", {}, element("a", { href: "#" }, t("Overview")))];
}

// An address that was cut within a sign is that of no page.
function placeInAddress() {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash).split("/");
  } catch {
    return [hash];
  }
}

function show(api, moved) {
  const [name, place = ""] = placeInAddress();
  const view = at("view");
  view.replaceChildren(...viewOf(name, api));
  const words = at("view-heading").textContent;
  document.title = name ? `${words} · Songwright` : t("API reference · Songwright");
  mark(api.byId.get(name)?.operationId ?? name);
  const found = place && (view.querySelector(`[data-field="${CSS.escape(place)}"]`) || document.getElementById(place));
  if (found) {
    for (let part = found.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
    found.classList.add("found");
    found.scrollIntoView({ block: "center" });
  } else if (moved) {
    scrollTo(0, 0);
  }
  if (moved) at("view-heading").focus({ preventScroll: true });
}

function mark(name) {
  for (const link of at("contents-list").querySelectorAll("a")) {
    const here = link.hash.slice(1) === name;
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (here && link.closest("details")) link.closest("details").open = true;
  }
}

function contents(api) {
  const row = (href, ...inside) => element("li", {}, element("a", { href }, ...inside));
  const guides = [["#", t("Overview")], ["#events", t("Events")], ["#webhooks", t("Webhooks")], ["#errors", t("Errors")], ["#schemas", t("Schemas")]];
  const groups = [...api.groups].map(([name, operations]) =>
    element("details", { class: "contents-group" }, element("summary", {}, english("span", {}, title(name))),
      element("ul", {}, ...operations.map(({ method, operationId, summary }) => row(`#${operationId}`, badge(method), english("span", {}, summary || operationId))))));
  at("contents-list").replaceChildren(element("ul", {}, ...guides.map(([href, words]) => row(href, words))), ...groups);
}

// Beside the text on a desk, folded away on a phone.
const fold = () => (at("contents-part").open = wide.matches);
wide.addEventListener("change", fold);
fold();
at("contents-list").addEventListener("click", (event) => event.target.closest("a") && fold());
// The address says which view is shown: a jump within it is not to leave it.
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  at("reference").focus();
});
translate();

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(t("the server answered {status}", { status: response.status }));
  const api = new Api(await response.json());
  contents(api);
  show(api, false);
  wireSearch(at("search"), at("search-results"), at("search-count"), api);
  addEventListener("hashchange", () => show(api, true));
} catch (error) {
  at("docs-error").textContent = t("The reference cannot be read: {reason}. Reload the page.", { reason: error.message });
  at("docs-error").hidden = false;
}
