// Search over operations, fields, schemas, events and errors: every word must be there; names come before texts.

import { badge, english } from "/page/docs/pieces.js";
import { element } from "/page/docs/schema.js";
import { t } from "/page/words.js";

const MOST = 30;

function fieldsIn(schema, api, seen = new Set()) {
  const found = [];
  for (const kind of api.kindsOf(schema)) {
    const resolved = api.resolved(kind);
    if (!resolved || seen.has(resolved)) continue;
    seen.add(resolved);
    for (const [name, field] of Object.entries(resolved.properties || {})) found.push([name, field.description || ""]);
  }
  return found;
}

function* entries(api) {
  for (const operation of api.operations) {
    const id = operation.operationId;
    const { summary = id, path, description = "" } = operation;
    yield { name: `${summary} ${id} ${path}`, text: description, shown: summary, hint: path, href: `#${id}`, method: operation.method };
    const fields = (operation.parameters || []).map(({ name, description: told = "" }) => [name, told]);
    for (const { schema } of Object.values(operation.requestBody?.content || {})) fields.push(...fieldsIn(schema, api));
    for (const [name, told] of fields) yield { name, text: told, shown: name, hint: summary, href: `#${id}/${name}` };
  }
  for (const [name, schema] of Object.entries(api.schemas)) {
    yield { name, text: schema.description || "", shown: name, hint: t("Schema"), href: `#schema-${name}` };
    for (const [field, told] of fieldsIn(schema, api)) yield { name: field, text: told, shown: field, hint: name, href: `#schema-${name}/${field}` };
  }
  for (const { name, value } of api.problems()) {
    yield { name: `${value.status} ${name} ${value.title}`, text: value.detail, shown: value.title, hint: `${t("Error")} ${value.status}`, href: `#errors/${name}` };
  }
  for (const { content } of api.streams()) {
    for (const { name, summary } of api.examplesOf(content)) yield { name, text: summary, shown: name, hint: t("Event"), href: `#events/event-${name}` };
  }
  for (const hook of api.webhooks) yield { name: `webhook ${hook.summary}`, text: hook.description, shown: hook.summary, hint: t("Webhook"), href: "#webhooks" };
}

// 0 does not fit; a word at the beginning of the name counts most.
function weight(entry, words) {
  let sum = 0;
  for (const word of words) {
    if (entry.low.startsWith(word)) sum += 8;
    else if (entry.low.includes(word)) sum += 4;
    else if (entry.lowText.includes(word)) sum += 1;
    else return 0;
  }
  return sum + (entry.method ? 2 : 0);
}

export function wireSearch(input, list, count, api) {
  let index = null;
  const run = () => {
    index ||= [...entries(api)].map((entry) => ({ ...entry, low: entry.name.toLowerCase(), lowText: entry.text.toLowerCase() }));
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const found = words.length ? index.map((entry) => [weight(entry, words), entry]).filter(([sum]) => sum) : [];
    found.sort(([one], [other]) => other - one);
    list.replaceChildren(...found.slice(0, MOST).map(([, { href, method, shown, hint }]) =>
      element("li", {}, element("a", { href }, method ? badge(method) : "", english("span", {}, shown), english("span", { class: "hint" }, hint)))));
    list.hidden = !found.length;
    count.textContent = words.length ? (found.length > MOST ? t("{n} found, {most} shown", { n: found.length, most: MOST }) : t("{n} found", { n: found.length })) : "";
  };
  const clear = () => {
    input.value = "";
    run();
  };
  input.addEventListener("input", run);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
    if (event.key === "Enter" || event.key === "ArrowDown") {
      const first = list.querySelector("a");
      if (!first) return;
      event.preventDefault();
      if (event.key === "Enter") first.click();
      else first.focus();
    }
  });
  list.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "ArrowDown") links[at + 1]?.focus();
    else if (event.key === "ArrowUp") (links[at - 1] || input).focus();
    else return;
    event.preventDefault();
  });
  list.addEventListener("click", (event) => event.target.closest("a") && clear());
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    event.preventDefault();
    input.focus();
  });
}
