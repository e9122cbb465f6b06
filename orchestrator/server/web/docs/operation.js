// One operation: what it does, how it is called, what it answers, and a form to try it.

import { pretty } from "/page/docs/document.js";
import { badge, choices, codeBox, english, folded, heading, unfolded } from "/page/docs/pieces.js";
import { curl, javascript, python } from "/page/docs/samples.js";
import { code, element, fieldRow, fieldsOf, inline, paragraphs, typeOf } from "/page/docs/schema.js";
import { tryIt } from "/page/docs/send.js";
import { t } from "/page/words.js";

export function operationView(operation, api) {
  const id = operation.operationId;
  const samples = {
    curl: () => curl(operation, api),
    Python: () => python(operation, api),
    JavaScript: () => javascript(operation, api),
  };
  const told = element("p", { class: "hint" }, t("Operation"), " ", english("code", {}, id));
  if (!operation.security?.length) told.append(` · ${t("needs no token")}`);
  const parts = [
    heading(operation.summary || id, { lang: "en", translate: "no" }),
    element("p", { class: "request-line", translate: "no" }, badge(operation.method), code(operation.path)),
    english("div", { class: "words" }, ...paragraphs(operation.description)),
    told,
  ];
  if (operation.head) {
    parts.push(element("p", { class: "hint", id: operation.head.operationId }, badge("head"), " ", english("code", {}, operation.head.operationId), " ", t("answers the same headers and no body.")));
  }
  parts.push(
    choices(samples, t("The request in code")),
    folded([t("Try it")], [tryIt(operation, api)], { id: "try", class: "try" }),
    ...parametersPart(operation),
    ...bodyPart(operation, api),
    ...answersPart(operation, api),
  );
  return parts;
}

function parametersPart({ parameters = [] }) {
  if (!parameters.length) return [];
  const places = { path: t("in the path"), query: t("in the query"), header: t("in the header") };
  const rows = parameters.map(({ name, in: place, required, schema, description }) =>
    fieldRow(name, schema, { required, description, note: places[place] }));
  return [unfolded([element("h2", {}, t("Parameters"))], [english("ul", { class: "fields" }, ...rows)])];
}

function bodyPart({ requestBody }, api) {
  if (!requestBody) return [];
  const parts = [];
  for (const [media, { schema }] of Object.entries(requestBody.content)) {
    parts.push(english("p", {}, code(media), ", ", ...typeOf(schema)));
    // One kind is written out here; of several, each has a page among the schemas.
    if (api.kindsOf(schema).length === 1) parts.push(english("div", {}, fieldsOf(api.resolved(schema))));
  }
  const example = api.exampleOfBody({ requestBody });
  if (example !== undefined) parts.push(element("h3", {}, t("Example of a body")), codeBox(pretty(example), t("Example of a body")));
  return [unfolded([element("h2", {}, t("Body"))], parts)];
}

function answersPart({ responses }, api) {
  const rows = Object.entries(responses).sort(([one], [other]) => (one < other ? -1 : 1));
  return [
    element("h2", {}, t("Answers")),
    ...rows.map(([status, response]) => answer(status, response, api)),
  ];
}

function answer(status, response, api) {
  const parts = [];
  const medias = Object.entries(response.content || {});
  if (medias.length) {
    const names = medias.flatMap(([media], index) => [index ? ", " : "", code(media)]);
    parts.push(english("p", { class: "hint" }, ...names, ": ", ...typeOf(medias[0][1].schema)));
    for (const { name, summary, value } of api.examplesOf(medias[0][1])) {
      const label = summary || name;
      parts.push(english("p", { class: "hint" }, ...inline(label)), codeBox(pretty(value), label));
    }
  } else if (!response.content) {
    parts.push(element("p", { class: "hint" }, t("It has no body.")));
  }
  const headers = Object.entries(response.headers || {});
  if (headers.length) {
    const list = headers.map(([name, { description, schema }]) => fieldRow(name, schema, { description }));
    parts.push(element("p", { class: "hint" }, t("Headers")), english("ul", { class: "fields headers" }, ...list));
  }
  const summary = [element("strong", { class: `code-${status[0]}` }, status), english("span", { class: "answer-words" }, ...inline(response.description))];
  return folded(summary, parts, { class: "answer", "data-status": status });
}
