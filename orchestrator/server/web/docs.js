// The API reference, written out from /openapi.json so that it cannot differ from the service.

import { code, element, fieldRow, fieldsOf, inline, nameOf, paragraphs, typeOf } from "/page/schema.js";

const at = (id) => document.getElementById(id);
const METHODS = ["get", "post", "put", "patch", "delete", "head"];

const capital = (text) => text[0].toUpperCase() + text.slice(1);
const pretty = (value) => (typeof value === "string" ? value.trim() : JSON.stringify(value, null, 2));
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function resolved(schema, all) {
  return schema?.$ref ? all[nameOf(schema.$ref)] : schema;
}

// The schemas a body may follow: one, or one of several.
function kindsOf(schema) {
  return schema.anyOf || schema.oneOf || [schema];
}

function exampleOf(schema, all) {
  const found = resolved(kindsOf(schema)[0], all);
  return found?.examples?.[0] ?? found?.example;
}

function exampleOfParameter({ name, schema }) {
  return schema.examples?.[0] ?? schema.anyOf?.find((kind) => kind.examples)?.examples[0] ?? `{${name}}`;
}

function curlOf(operation, all) {
  const parameters = operation.parameters || [];
  let path = operation.path;
  const query = [];
  for (const parameter of parameters) {
    const example = String(exampleOfParameter(parameter));
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, example);
    if (parameter.in === "query" && parameter.required) query.push(`${parameter.name}=${example}`);
  }
  const address = location.origin + path + (query.length ? `?${query.join("&")}` : "");
  const options = [];
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1];
  const media = Object.keys(success?.content || {})[0] || "";
  if (operation.method === "head") options.push("-I");
  else if (!["get", "post"].includes(operation.method) || (operation.method === "post" && !operation.requestBody)) options.push(`-X ${operation.method.toUpperCase()}`);
  if (media === "text/event-stream") options.push("-N");
  if (media && !/json|text/.test(media)) options.push("-OJ");
  const lines = [["curl", ...options, /[?&{]/.test(address) ? quoted(address) : address].join(" ")];
  if (operation.security?.length) lines.push(`-H "Authorization: Bearer $TOKEN"`);
  const body = operation.requestBody?.content["application/json"];
  if (body) {
    lines.push("-H 'Content-Type: application/json'");
    lines.push(`-d ${quoted(JSON.stringify(exampleOf(body.schema, all), null, 1).replace(/\n\s*/g, " "))}`);
  }
  return lines.join(" \\\n  ");
}

function copyable(text) {
  const box = element("div", { class: "copyable" }, element("pre", {}, text));
  // The clipboard is there only on https and on this very machine.
  if (!navigator.clipboard) return box;
  const button = element("button", { type: "button", class: "copy" }, "Copy");
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text).catch(() => {});
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  box.append(button);
  return box;
}

function parametersPart({ parameters = [] }) {
  if (!parameters.length) return [];
  const rows = parameters.map(({ name, in: place, required, schema, description }) =>
    fieldRow(name, schema, { required, description, note: `in the ${place}` }));
  return [element("h4", {}, "Parameters"), element("ul", { class: "fields" }, ...rows)];
}

function bodyPart({ requestBody }, all) {
  if (!requestBody) return [];
  const [[media, { schema }]] = Object.entries(requestBody.content);
  const kinds = kindsOf(schema);
  const parts = [element("h4", {}, "Body"), element("p", {}, code(media), ", ", ...typeOf(schema))];
  // One kind is written out here; of several, each has its place among the schemas.
  if (kinds.length === 1) parts.push(fieldsOf(resolved(schema, all)));
  const example = exampleOf(schema, all);
  if (example !== undefined) parts.push(element("h4", {}, "Example of a body"), element("pre", {}, pretty(example)));
  return parts;
}

function responseRow(status, response) {
  const row = element("li");
  row.append(element("p", { class: "field-head" }, element("strong", { class: `code-${status[0]}` }, status), element("span", {}, ...inline(response.description))));
  const medias = Object.entries(response.content || {});
  if (medias.length) {
    const schemas = typeOf(medias[0][1].schema);
    row.append(element("p", { class: "hint" }, ...medias.flatMap(([media], index) => [index ? ", " : "", code(media)]), ": ", ...schemas));
    const example = medias[0][1].example;
    if (example !== undefined) row.append(element("pre", {}, pretty(example)));
  }
  const headers = Object.entries(response.headers || {});
  if (headers.length) {
    const list = headers.map(([name, { description, schema }]) => fieldRow(name, schema, { description }));
    row.append(element("p", { class: "hint" }, "Headers"), element("ul", { class: "fields headers" }, ...list));
  }
  return row;
}

function responsesPart({ responses }) {
  const rows = Object.entries(responses).map(([status, response]) => [status, responseRow(status, response)]);
  const good = rows.filter(([status]) => status < "400");
  const refused = rows.filter(([status]) => status >= "400");
  const parts = [element("h4", {}, "Responses"), element("ul", { class: "fields" }, ...good.map(([, row]) => row))];
  if (refused.length) {
    const summary = element("summary", {}, "Refusals ", element("span", { class: "hint" }, refused.map(([status]) => status).join(", ")));
    parts.push(element("details", {}, summary, element("ul", { class: "fields" }, ...refused.map(([, row]) => row))));
  }
  return parts;
}

const badge = (method) => element("span", { class: `method method-${method}` }, method.toUpperCase());
const anchor = (id, words) => element("a", { class: "anchor", href: `#${id}`, "aria-label": `Link to ${words}` }, "#");

function operationPart(operation, all) {
  const id = operation.operationId;
  const part = element("article", { id, class: "card operation", "aria-labelledby": `${id}-heading` });
  part.append(
    element("h3", { id: `${id}-heading` }, operation.summary || id, " ", anchor(id, operation.summary || id)),
    element("p", { class: "request-line" }, badge(operation.method), code(operation.path)),
    ...paragraphs(operation.description),
  );
  part.append(element("p", { class: "hint" }, "Operation ", code(id), operation.security?.length ? "" : " · needs no token"));
  if (operation.head) {
    const { operationId } = operation.head;
    part.append(element("p", { id: operationId, class: "hint" }, badge("head"), " ", code(operationId), " answers the same headers and no body."));
  }
  part.append(copyable(curlOf(operation, all)), ...parametersPart(operation), ...bodyPart(operation, all), ...responsesPart(operation));
  return part;
}

function schemaPart(name, schema) {
  const id = `schema-${name}`;
  const part = element("article", { id, class: "card", "aria-labelledby": `${id}-heading` });
  part.append(element("h3", { id: `${id}-heading` }, name, " ", anchor(id, name)), ...paragraphs(schema.description));
  if (schema.properties) part.append(fieldsOf(schema));
  else part.append(element("p", {}, ...typeOf(schema)));
  const example = schema.examples?.[0] ?? schema.example;
  if (example !== undefined) part.append(element("h4", {}, "Example"), element("pre", {}, pretty(example)));
  return part;
}

// Operations by tag, in the document's own order; a HEAD beside its GET is told there.
function byTag({ paths }) {
  const tags = new Map();
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = methods[method];
      if (!operation || (method === "head" && methods.get)) continue;
      const tag = operation.tags?.[0] || "other";
      const known = tags.get(tag) || tags.set(tag, []).get(tag);
      known.push({ ...operation, method, path, head: method === "get" ? methods.head : null });
    }
  }
  return tags;
}

function section(id, name, parts) {
  return element("section", { class: "tag", "aria-labelledby": id }, element("h2", { id }, name), ...parts);
}

function contents(id, name, links) {
  return element("div", {}, element("p", { class: "contents-tag" }, element("a", { href: `#${id}` }, name)), element("ul", {}, ...links.map(([href, ...inside]) => element("li", {}, element("a", { href }, ...inside)))));
}

function show(api) {
  const all = api.components?.schemas || {};
  at("intro-heading").textContent = `API reference, version ${api.info.version}`;
  at("intro").append(...paragraphs(api.info.description));
  for (const [tag, operations] of byTag(api)) {
    const id = `tag-${tag}`;
    at("operations").append(section(id, capital(tag), operations.map((operation) => operationPart(operation, all))));
    at("contents-list").append(contents(id, capital(tag), operations.map(({ operationId, method, summary }) => [`#${operationId}`, badge(method), element("span", {}, summary || operationId)])));
  }
  const names = Object.keys(all).sort();
  at("operations").append(section("schemas", "Schemas", names.map((name) => schemaPart(name, all[name]))));
  at("contents-list").append(contents("schemas", "Schemas", names.map((name) => [`#schema-${name}`, element("span", {}, name)])));
  // The address named its place before there was anything to find.
  if (location.hash) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
}

// Beside the text on a desk, folded away on a phone.
const wide = matchMedia("(min-width: 960px)");
const fold = () => (at("contents-part").open = wide.matches);
wide.addEventListener("change", fold);
fold();
at("contents-list").addEventListener("click", (event) => event.target.closest("a") && fold());

try {
  const response = await fetch("/openapi.json");
  if (!response.ok) throw new Error(`the server answered ${response.status}`);
  show(await response.json());
} catch (error) {
  at("docs-error").textContent = `The reference cannot be read: ${error.message}. Reload the page.`;
  at("docs-error").hidden = false;
}
