// The views that are about more than one operation: overview, groups, events, webhooks, errors, schemas.

import { pretty } from "/page/docs/document.js";
import { badge, choices, codeBox, copyable, english, folded, heading, title, unfolded } from "/page/docs/pieces.js";
import { code, element, fieldsOf, inline, paragraphs, typeOf } from "/page/docs/schema.js";
import { t } from "/page/words.js";

const link = (href, ...inside) => element("a", { href }, ...inside);

function operationLink(operation) {
  return link(`#${operation.operationId}`, badge(operation.method), english("span", {}, operation.summary || operation.operationId));
}

export function overview(api) {
  const groups = [...api.groups].map(([name, operations]) =>
    element("section", { class: "group" }, element("h3", {}, link(`#tag-${name}`, english("span", {}, title(name)))),
      element("ul", { class: "links" }, ...operations.map((operation) => element("li", {}, operationLink(operation))))));
  const pages = [["#events", t("Events")], ["#webhooks", t("Webhooks")], ["#errors", t("Errors")], ["#schemas", t("Schemas")]];
  return [
    heading(t("API reference, version {version}", { version: api.document.info.version })),
    english("div", { class: "words" }, ...paragraphs(api.document.info.description)),
    element("h2", {}, t("Before the first request")),
    element("p", {}, t("The examples read your token from a variable of the shell. On the server it is kept in a file:")),
    copyable('export TOKEN="$(cat .songwright/token)"', t("Your token")),
    element("p", { class: "row" }, ...pages.map(([href, words]) => link(href, words))),
    element("h2", {}, t("Operations")),
    element("div", { class: "groups" }, ...groups),
  ];
}

export function groupView(name, operations) {
  const rows = operations.map((operation) => {
    const first = paragraphs(operation.description)[0];
    return element("li", { class: "group-row" }, element("p", {}, operationLink(operation)), element("p", { class: "hint", translate: "no" }, code(operation.path)), english("div", { class: "words" }, ...(first ? [first] : [])));
  });
  return [heading(title(name), { lang: "en", translate: "no" }), element("ul", { class: "fields" }, ...rows)];
}

export function eventsView(api) {
  const parts = [
    heading(t("Server-sent events")),
    element("p", {}, t("A stream of events stays open: each event has a name, a payload in JSON and mostly an id. A client that lost the line comes back with the last id in the header {name}.", { name: "Last-Event-ID" })),
    element("p", {}, t("A browser's EventSource cannot send a token: read the stream with fetch, or with the cookie of a session.")),
  ];
  for (const { operation, content } of api.streams()) {
    parts.push(element("h2", {}, operationLink(operation)), element("p", { class: "hint", translate: "no" }, code(`${operation.method.toUpperCase()} ${operation.path}`)));
    const kinds = content.schema?.properties?.data?.contentSchema;
    if (kinds) parts.push(element("p", {}, t("Payloads:"), " ", english("span", {}, ...typeOf(kinds))));
    for (const { name, summary, value } of api.examplesOf(content)) {
      parts.push(element("h3", { id: `event-${name}`, translate: "no" }, name), english("p", {}, ...inline(summary)), codeBox(value.trimEnd(), name));
    }
  }
  return parts;
}

const PYTHON_WEBHOOK = `import os
from http.server import BaseHTTPRequestHandler, HTTPServer

from songwright import InvalidWebhook, verify_webhook


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            song = verify_webhook(self.headers, body, os.environ["WEBHOOK_SECRET"])
        except InvalidWebhook as error:
            self.send_error(400, str(error))
            return
        print(song.id, song.status, song.title)
        self.send_response(204)
        self.end_headers()


HTTPServer(("127.0.0.1", 8010), Receiver).serve_forever()`;

const JAVASCRIPT_WEBHOOK = `import { createHmac, timingSafeEqual } from "node:crypto";

// headers: names in lower case. body: the bytes as they came, before any JSON is read.
export function verifyWebhook(headers, body, secret) {
  const stamp = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(stamp)) <= 300)) throw new Error("too old");
  const base64 = secret.replace(/^whsec_/, "").replaceAll("-", "+").replaceAll("_", "/");
  const key = secret.startsWith("whsec_") ? Buffer.from(base64, "base64") : Buffer.from(secret);
  const right = createHmac("sha256", key)
    .update(\`\${headers["webhook-id"]}.\${stamp}.\`)
    .update(body)
    .digest();
  const fits = headers["webhook-signature"].split(" ").some((given) => {
    const [version, value] = given.split(",");
    const bytes = Buffer.from(value ?? "", "base64");
    return version === "v1" && bytes.length === right.length && timingSafeEqual(bytes, right);
  });
  if (!fits) throw new Error("the signature is wrong");
  return JSON.parse(body);
}`;

export function webhooksView(api) {
  const parts = [heading(t("Webhooks"))];
  for (const hook of api.webhooks) {
    const content = Object.values(hook.requestBody.content)[0];
    const headers = hook.parameters.map(({ name, description, example }) =>
      element("li", {}, element("p", { class: "field-head" }, code(name)), ...paragraphs(description), element("p", { class: "hint" }, code(example))));
    parts.push(
      english("h2", {}, hook.summary),
      english("div", { class: "words" }, ...paragraphs(hook.description)),
      element("h3", {}, t("Headers")),
      english("ul", { class: "fields" }, ...headers),
      element("h3", {}, t("Payload")),
      english("div", {}, content.schema.properties ? fieldsOf(content.schema) : element("p", {}, ...typeOf(content.schema))),
      ...api.examplesOf(content).map(({ summary, value }) => folded([english("span", {}, summary)], [codeBox(pretty(value), summary)], { class: "answer" })),
    );
  }
  parts.push(
    element("h2", {}, t("How to verify one")),
    element("p", {}, t("Compute the signature over the bytes as they came, compare it in constant time, refuse what is older than five minutes, and answer 2xx soon. The secret is in this file on the server:"), " ", code(".songwright/webhook-secret")),
    choices({ Python: () => PYTHON_WEBHOOK, JavaScript: () => JAVASCRIPT_WEBHOOK }, t("How to verify one")),
  );
  return parts;
}

export function errorsView(api) {
  const byStatus = new Map();
  for (const problem of api.problems()) {
    const { status } = problem.value;
    byStatus.set(status, [...(byStatus.get(status) || []), problem]);
  }
  const parts = [...byStatus].map(([status, problems]) =>
    unfolded([element("h2", { class: `code-${String(status)[0]}` }, String(status))], [element("ul", { class: "fields" }, ...problems.map(errorRow))]));
  return [
    heading(t("Errors")),
    element("p", {}, t("Every refusal is a problem document (RFC 9457). Decide on its type, which stays the same; show its detail to people.")),
    english("p", {}, ...typeOf({ $ref: "#/components/schemas/Problem" })),
    ...parts,
  ];
}

function errorRow({ name, value, operations }) {
  return element("li", { id: name, "data-field": name },
    english("p", { class: "field-head" }, element("strong", {}, value.title)),
    element("p", { class: "hint" }, code(value.type), " · ", value.retry ? t("the same request can succeed later") : t("the same request cannot succeed"), " · ", operations.length === 1 ? t("1 operation") : t("{n} operations", { n: operations.length })),
    english("p", {}, value.detail));
}

export function schemasView(api) {
  const names = Object.keys(api.schemas).sort();
  return [
    heading(t("Schemas")),
    element("ul", { class: "links names", translate: "no" }, ...names.map((name) => element("li", {}, link(`#schema-${name}`, name)))),
  ];
}

export function schemaView(name, schema) {
  const parts = [heading(name, { translate: "no" }), english("div", { class: "words" }, ...paragraphs(schema.description))];
  parts.push(english("div", {}, schema.properties ? fieldsOf(schema) : element("p", {}, ...typeOf(schema))));
  const example = schema.examples?.[0] ?? schema.example;
  if (example !== undefined) parts.push(element("h2", {}, t("Example")), codeBox(pretty(example), t("Example")));
  return parts;
}
