// The OpenAPI document as the pages of the reference need it: operations, schemas, examples.

import { nameOf } from "/page/docs/schema.js";

const METHODS = ["get", "post", "put", "patch", "delete", "head"];

export const pretty = (value) => (typeof value === "string" ? value.trimEnd() : JSON.stringify(value, null, 2));

export class Api {
  constructor(document) {
    this.document = document;
    this.schemas = document.components?.schemas || {};
    this.operations = [...listed(document)];
    // By id. A HEAD is shown with its GET, so both ids lead to the same.
    this.byId = new Map();
    for (const operation of this.operations) {
      this.byId.set(operation.operationId, operation);
      if (operation.head) this.byId.set(operation.head.operationId, operation);
    }
    this.groups = new Map();
    for (const operation of this.operations) {
      const known = this.groups.get(operation.group);
      if (known) known.push(operation);
      else this.groups.set(operation.group, [operation]);
    }
    this.webhooks = Object.values(document.webhooks || {}).map(({ post }) => post);
  }

  resolved(schema) {
    return schema?.$ref ? this.schemas[nameOf(schema.$ref)] : schema;
  }

  // The schemas that a body may follow: one, or one of several.
  kindsOf(schema) {
    return schema.anyOf || schema.oneOf || [schema];
  }

  exampleOfBody(operation) {
    const content = operation.requestBody?.content["application/json"];
    if (!content) return undefined;
    const found = this.resolved(this.kindsOf(content.schema)[0]);
    return content.example ?? found?.examples?.[0] ?? found?.example ?? {};
  }

  // The examples of an answer: [{ name, summary, value }].
  examplesOf(content) {
    if (content.example !== undefined) return [{ name: "example", summary: "", value: content.example }];
    return Object.entries(content.examples || {}).map(([name, example]) => {
      const found = example.$ref ? this.document.components.examples[nameOf(example.$ref)] : example;
      return { name, summary: found.summary || "", value: found.value };
    });
  }

  // Every kind of problem document, once: [{ name, value, operations }].
  problems() {
    const found = new Map();
    for (const operation of this.operations) {
      for (const response of Object.values(operation.responses)) {
        for (const { name, value } of this.examplesOf(response.content?.["application/problem+json"] || {})) {
          if (!name.startsWith("problem.")) continue;
          const known = found.get(name) || { name, value, operations: [] };
          if (!known.operations.includes(operation)) known.operations.push(operation);
          found.set(name, known);
        }
      }
    }
    return [...found.values()].sort((one, other) => one.value.status - other.value.status);
  }

  // The operations that answer with server-sent events, each with the examples of its events.
  streams() {
    const media = "text/event-stream";
    return this.operations
      .filter(({ responses }) => responses["200"]?.content?.[media])
      .map((operation) => ({ operation, content: operation.responses["200"].content[media] }));
  }
}

function* listed({ paths }) {
  for (const [path, methods] of Object.entries(paths)) {
    for (const method of METHODS) {
      const operation = methods[method];
      if (!operation || (method === "head" && methods.get)) continue;
      const head = method === "get" ? methods.head : null;
      yield { ...operation, method, path, head, group: operation.tags?.[0] || "other" };
    }
  }
}

export function exampleOfParameter({ name, schema, example }) {
  const found = example ?? schema.examples?.[0] ?? schema.anyOf?.find((kind) => kind.examples)?.examples[0];
  return found ?? schema.enum?.[0] ?? (name.endsWith("id") ? "yb0ad2k3w1h7q5m" : name.toUpperCase());
}

// The address of a request. `/files/{key}`: a key has slashes of its own.
export function addressOf(operation, values, query) {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(values[name] ?? "").replaceAll("%2F", name === "key" ? "/" : "%2F").replaceAll("%3A", ":"));
  const search = new URLSearchParams(query).toString();
  return path + (search && `?${search}`);
}
