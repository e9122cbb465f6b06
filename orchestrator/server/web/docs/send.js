// Try it: the operation's form, sent from this browser to this service, and the answer as it came.
//
// The token goes into the Authorization header and nowhere else. Without one the request is sent with the cookie of
// this browser's session, which fetch adds by itself.

import { addressOf, exampleOfParameter, pretty } from "/page/docs/document.js";
import { codeBox, english, folded } from "/page/docs/pieces.js";
import { code, element } from "/page/docs/schema.js";
import { t } from "/page/words.js";

const SHOWN_CHARACTERS = 20000;

// The token as it was typed, for the forms of other operations, until the page is left.
let typed = "";
// Addresses of the last answer's sound or picture, which keep it in memory.
let url = "";

let count = 0;
function field(label, control, { hint = "", required = false } = {}) {
  const id = `try-${(count += 1)}`;
  control.id = id;
  if (required) control.required = true;
  const name = element("label", { for: id }, ...[label].flat());
  if (required) name.append(element("span", { class: "required" }, ` ${t("required")}`));
  return element("div", { class: "field" }, name, control, hint && element("p", { class: "hint" }, hint));
}

function inputOf({ name, schema, required, value = "" }) {
  const choices = schema.enum || (schema.type === "boolean" ? ["true", "false"] : null);
  if (choices) {
    const options = (required ? choices : ["", ...choices]).map((choice) => element("option", { value: choice }, String(choice)));
    return element("select", { name, translate: "no" }, ...options);
  }
  if (schema.format === "binary") return element("input", { type: "file", name });
  const placeholder = required ? "" : String(schema.examples?.[0] ?? "");
  return element("input", { type: "text", name, value, placeholder, autocomplete: "off", spellcheck: "false" });
}

export function tryIt(operation, api) {
  const form = element("form", { class: "try-form", novalidate: "" });
  const inputs = [];
  const must = [];
  const may = [];
  const add = (place, name, schema, required, value) => {
    const input = inputOf({ name, schema, required, value });
    inputs.push({ place, name, input });
    (required ? must : may).push(field(english("code", {}, name), input, { required }));
  };
  for (const parameter of operation.parameters || []) {
    const needed = parameter.required;
    add(parameter.in, parameter.name, parameter.schema, needed, needed ? String(exampleOfParameter(parameter)) : "");
  }
  const parts = operation.requestBody?.content["multipart/form-data"]?.schema;
  for (const [name, schema] of Object.entries(parts?.properties || {})) {
    add("form", name, schema, (parts.required || []).includes(name), "");
  }
  const example = api.exampleOfBody(operation);
  const body = example === undefined ? null : element("textarea", { rows: String(Math.min(14, pretty(example).split("\n").length + 1)), class: "json", spellcheck: "false" });
  if (body) body.value = pretty(example);
  const token = element("input", { type: "password", autocomplete: "off", spellcheck: "false", class: "try-token" });
  token.value = typed;
  token.addEventListener("input", () => (typed = token.value));
  const button = element("button", { type: "submit", class: "primary" }, `${t("Send")} ${operation.method.toUpperCase()}`);
  const error = element("p", { class: "error", role: "alert", hidden: "" });
  const result = element("div", { class: "result", "aria-live": "polite" });
  if (operation.security?.length) form.append(field(t("Token"), token, { hint: t("Left empty, the session of this browser is used.") }));
  form.append(...must);
  if (body) form.append(field(t("Body"), body));
  if (may.length) form.append(folded([t("Optional")], may));
  form.append(error, element("div", { class: "row" }, button), result);

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    error.hidden = true;
    try {
      const missing = inputs.find(({ input }) => input.required && !input.value);
      if (missing) throw new Error(t("{name} is missing.", { name: missing.name }));
      const [address, options] = requestOf(operation, inputs, body, token.value.trim());
      button.disabled = true;
      await show(result, address, options);
    } catch (wrong) {
      error.textContent = wrong.message;
      error.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function requestOf(operation, inputs, body, token) {
  const values = {};
  const query = [];
  const headers = {};
  let sent;
  for (const { place, name, input } of inputs) {
    const value = input.value.trim();
    if (place === "path") values[name] = value;
    else if (place === "query" && value) query.push([name, value]);
    else if (place === "header" && value) headers[name] = value;
    else if (place === "form") {
      sent ||= new FormData();
      if (input.type === "file" && input.files.length) sent.append(name, input.files[0]);
      else if (input.type !== "file" && value) sent.append(name, value);
    }
  }
  if (body) {
    try {
      sent = JSON.stringify(JSON.parse(body.value));
    } catch (wrong) {
      throw new Error(t("The body is no JSON: {reason}", { reason: wrong.message }));
    }
    headers["Content-Type"] = "application/json";
  }
  if (token) {
    if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(t("A token has no spaces or special letters inside."));
    headers.Authorization = `Bearer ${token}`;
  }
  return [addressOf(operation, values, query), { method: operation.method.toUpperCase(), headers, body: sent, cache: "no-store" }];
}

async function show(result, address, options) {
  const began = performance.now();
  const abort = new AbortController();
  URL.revokeObjectURL(url);
  const stop = element("button", { type: "button" }, t("Stop"));
  stop.addEventListener("click", () => abort.abort());
  result.replaceChildren(element("p", { class: "hint" }, t("Waiting for the answer …")), stop);
  try {
    const response = await fetch(address, { ...options, signal: abort.signal });
    const seconds = ((performance.now() - began) / 1000).toFixed(2);
    const status = element("p", { class: "result-status" }, element("strong", { class: `code-${String(response.status)[0]}` }, String(response.status)), ` ${response.statusText} · ${seconds} s`);
    const headers = [...response.headers].map(([name, value]) => element("li", {}, code(name), ` ${value}`));
    const head = [status, folded([t("Headers")], [english("ul", { class: "fields headers" }, ...headers)])];
    result.replaceChildren(...head, stop);
    result.append(...(await bodyOf(response, result, abort)));
  } catch (wrong) {
    if (wrong.name !== "AbortError") {
      result.replaceChildren();
      throw new Error(t("The server cannot be reached. Is it running?"));
    }
    result.append(element("p", { class: "hint" }, t("Stopped.")));
  } finally {
    stop.remove();
  }
}

async function bodyOf(response, result, abort) {
  const media = (response.headers.get("Content-Type") || "").split(";")[0];
  if (media === "text/event-stream" && response.body) {
    // A stream that nobody sees any more would hold one of the few connections that a browser has for a host.
    addEventListener("hashchange", () => abort.abort(), { once: true });
    return follow(response, result);
  }
  const blob = await response.blob();
  if (!blob.size) return [element("p", { class: "hint" }, t("It has no body."))];
  if (/json|text/.test(media)) return shownText(await blob.text(), media);
  url = URL.createObjectURL(blob);
  if (media.startsWith("audio/") && media !== "audio/midi") return [element("audio", { controls: "", src: url, "aria-label": t("The sound of the answer") })];
  if (media.startsWith("image/")) return [element("img", { src: url, alt: t("The picture of the answer"), class: "result-image" })];
  return [element("p", {}, element("a", { href: url, download: "" }, t("Save {n} bytes", { n: blob.size })))];
}

function shownText(text, media) {
  let whole = text;
  if (media.includes("json")) {
    try {
      whole = pretty(JSON.parse(text));
    } catch {
      // It is shown as it came.
    }
  }
  const parts = [codeBox(whole.slice(0, SHOWN_CHARACTERS), t("The answer"))];
  if (whole.length > SHOWN_CHARACTERS) parts.push(element("p", { class: "hint" }, t("The first {n} characters are shown.", { n: SHOWN_CHARACTERS })));
  return parts;
}

async function follow(response, result) {
  const box = codeBox("", t("The answer"));
  result.append(box);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    box.textContent = (box.textContent + piece.value).slice(-SHOWN_CHARACTERS);
    box.scrollTop = box.scrollHeight;
  }
  return [];
}
