// A JSON schema in words: types, limits, defaults, and links to the schemas it names.

import { t } from "/page/words.js";

export function element(tag, attributes = {}, ...inside) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside.filter((part) => part !== null && part !== ""));
  return made;
}

export const code = (text) => element("code", {}, text);

// Text with `code` in it, as the API's descriptions are written.
export function inline(text) {
  return text.replaceAll("``", "`").split("`").map((part, index) => (index % 2 ? code(part) : part)).filter(Boolean);
}

export function paragraphs(text) {
  return (text || "").split(/\n\s*\n/).filter(Boolean).map((part) => element("p", {}, ...inline(part.replace(/\s+/g, " "))));
}

export const nameOf = (reference) => reference.split("/").pop();

const isNull = (schema) => schema.type === "null";

// Nodes that tell the type, such as: array of <a>Moment</a>, or null.
export function typeOf(schema) {
  if (!schema) return ["nothing"];
  if (schema.$ref) return [element("a", { href: `#schema-${nameOf(schema.$ref)}` }, nameOf(schema.$ref))];
  const kinds = schema.anyOf || schema.oneOf;
  if (kinds) {
    const some = kinds.filter((kind) => !isNull(kind)).flatMap((kind, index) => [...(index ? [" or "] : []), ...typeOf(kind)]);
    return kinds.some(isNull) ? [...some, " or null"] : some;
  }
  if (schema.const !== undefined) return [code(JSON.stringify(schema.const))];
  if (schema.enum) return schema.enum.flatMap((value, index) => [index ? ", " : "", code(JSON.stringify(value))]).filter(Boolean);
  if (schema.type === "array") return ["array of ", ...typeOf(schema.items || {})];
  if (schema.additionalProperties?.type || schema.additionalProperties?.$ref) return ["object of ", ...typeOf(schema.additionalProperties)];
  if (schema.format === "binary") return ["bytes"];
  return [[schema.type || "anything", schema.format ? `(${schema.format})` : ""].filter(Boolean).join(" ")];
}

function range(low, high, unit) {
  if (low === undefined && high === undefined) return null;
  const words = low === undefined ? `at most ${high}` : high === undefined ? `at least ${low}` : `${low} to ${high}`;
  return unit ? `${words} ${unit}` : words;
}

export function limitsOf(schema) {
  const kind = (schema.anyOf || []).find((some) => !isNull(some)) || schema;
  const limits = [
    range(kind.minimum, kind.maximum, ""),
    range(kind.minLength, kind.maxLength, "characters"),
    range(kind.minItems, kind.maxItems, "items"),
  ].filter(Boolean);
  if (schema.default !== undefined && schema.default !== "") limits.push(`default ${JSON.stringify(schema.default)}`);
  return limits;
}

export function patternOf(schema) {
  return schema.pattern || (schema.anyOf || []).find((kind) => kind.pattern)?.pattern || "";
}

// One line of a table of fields that also fits a phone.
export function fieldRow(name, schema, { required = false, description = schema.description, note = "" } = {}) {
  const row = element("li", { "data-field": name });
  const head = element("p", { class: "field-head" }, code(name), element("span", { class: "hint" }, ...typeOf(schema)));
  for (const limit of limitsOf(schema)) head.append(element("span", { class: "hint" }, limit));
  if (note) head.append(element("span", { class: "hint" }, note));
  if (required) head.append(element("span", { class: "required" }, t("required")));
  row.append(head, ...paragraphs(description));
  const example = schema.examples?.[0];
  if (example !== undefined) row.append(element("p", { class: "hint" }, `${t("Example:")} `, code(JSON.stringify(example))));
  if (patternOf(schema)) row.append(element("p", { class: "hint" }, `${t("Pattern:")} `, code(patternOf(schema))));
  return row;
}

export function fieldsOf(schema) {
  const required = new Set(schema.required || []);
  const names = Object.keys(schema.properties || {});
  // What must be sent comes first.
  names.sort((one, other) => required.has(other) - required.has(one));
  const rows = names.map((name) =>
    fieldRow(name, schema.properties[name], { required: required.has(name) && !schema.properties[name].readOnly }));
  return element("ul", { class: "fields" }, ...rows);
}
