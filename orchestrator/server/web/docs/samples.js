// The same request three ways: curl, our Python client, JavaScript. Each runs as it stands, with the token in TOKEN.

import { addressOf, exampleOfParameter } from "/page/docs/document.js";

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const oneLine = (value) => JSON.stringify(value, null, 1).replace(/\n\s*/g, " ");

function parts(operation, api) {
  const parameters = operation.parameters || [];
  const values = {};
  const query = {};
  for (const parameter of parameters) {
    const example = String(exampleOfParameter(parameter));
    if (parameter.in === "path") values[parameter.name] = example;
    if (parameter.in === "query" && parameter.required) query[parameter.name] = example;
  }
  const success = Object.entries(operation.responses).find(([status]) => status.startsWith("2"))?.[1];
  return {
    values,
    address: location.origin + addressOf(operation, values, query),
    body: api.exampleOfBody(operation),
    form: formOf(operation),
    media: Object.keys(success?.content || {})[0] || "",
    secret: Boolean(operation.security?.length),
  };
}

// What a form must have: [name, whether it is a file, an example].
function formOf(operation) {
  const schema = operation.requestBody?.content["multipart/form-data"]?.schema;
  if (!schema) return null;
  return (schema.required || []).map((name) => {
    const field = schema.properties[name];
    const file = field.format === "binary" || Boolean(field.contentMediaType);
    return [name, file, file ? (name === "image" ? "photo.jpg" : "hum.wav") : String(exampleOfParameter({ name, schema: field }))];
  });
}

export function curl(operation, api) {
  const { address, body, form, media, secret } = parts(operation, api);
  const options = [];
  const method = operation.method.toUpperCase();
  if (method === "HEAD") options.push("-I");
  else if (method !== "GET" && !(method === "POST" && (body !== undefined || form))) options.push(`-X ${method}`);
  if (media === "text/event-stream") options.push("-N");
  if (media && !/json|text/.test(media)) options.push("-OJ");
  const lines = [["curl", ...options, /[?&{]/.test(address) ? quoted(address) : address].join(" ")];
  if (secret) lines.push('-H "Authorization: Bearer $TOKEN"');
  if (body !== undefined) lines.push("-H 'Content-Type: application/json'", `-d ${quoted(oneLine(body))}`);
  for (const [name, file, example] of form || []) lines.push(`-F ${name}=${file ? "@" : ""}${example}`);
  return lines.join(" \\\n  ");
}

export function javascript(operation, api) {
  const { address, body, form, media, secret } = parts(operation, api);
  const lines = [];
  const options = [];
  if (form) {
    lines.push("const form = new FormData();");
    for (const [name, file, example] of form) {
      lines.push(file ? `form.append("${name}", file); // a File or a Blob` : `form.append("${name}", "${example}");`);
    }
  }
  if (operation.method !== "get") options.push(`method: "${operation.method.toUpperCase()}"`);
  const headers = [];
  // In a browser the token comes from your own server. Never write it into a page.
  if (secret) headers.push("Authorization: `Bearer ${TOKEN}`");
  if (body !== undefined) headers.push('"Content-Type": "application/json"');
  if (headers.length) options.push(`headers: { ${headers.join(", ")} }`);
  if (body !== undefined) options.push(`body: JSON.stringify(${oneLine(body)})`);
  if (form) options.push("body: form");
  const inside = options.length ? `, {\n  ${options.join(",\n  ")},\n}` : "";
  if (secret) lines.unshift("const TOKEN = process.env.TOKEN;");
  lines.push(`const response = await fetch("${address}"${inside});`);
  lines.push("if (!response.ok) throw new Error(await response.text());");
  if (media.includes("json")) lines.push("console.log(await response.json());");
  else if (media === "text/event-stream") {
    lines.push("const text = response.body.pipeThrough(new TextDecoderStream());", "for await (const events of text) console.log(events);");
  } else if (media.startsWith("text/")) lines.push("console.log(await response.text());");
  else if (media) lines.push("const bytes = await response.arrayBuffer();", "console.log(bytes.byteLength);");
  return lines.join("\n");
}

const literal = (value) => {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([name, inside]) => `"${name}": ${literal(inside)}`).join(", ")}}`;
  return JSON.stringify(value);
};

function call(method, first, named = {}) {
  const rest = Object.entries(named).map(([name, value]) => `${name}=${literal(value)}`);
  return `client.${method}(${[...first.map(literal), ...rest].join(", ")})`;
}

function without(body, ...names) {
  return Object.fromEntries(Object.entries(body).filter(([name]) => !names.includes(name)));
}

const id = (values) => values.id ?? values.song_id;
const saved = (role, file) => ({ values }) => [call("download", [id(values), role, file])];
const made = (line) => [`song = ${line}`, "song = client.wait(song)", "print(song.title)"];

// By operation: the lines with our client. What is not here is asked for with httpx.
const PYTHON = {
  generate_from_description: ({ body }) => made(call("generate", [body.full_described_song], without(body, "full_described_song"))),
  generate_with_lyrics: ({ body }) => made(call("generate", [], body)),
  generate_with_described_lyrics: ({ body }) => made(call("generate", [], body)),
  generate_like: ({ body }) => made(call("generate_like", [body.like], without(body, "like"))),
  generate_from_image: () => made(call("generate_from_image", ["photo.jpg"])),
  generate_music: ({ body }) => made(call("generate_music", [], body)),
  finish_song: ({ values }) => made(call("finish", [id(values)])),
  extend_song: ({ values, body }) => made(call("extend", [id(values)], body)),
  repaint_song: ({ values, body }) => made(call("repaint", [id(values)], body)),
  remix_song: ({ values, body }) => made(call("remix", [id(values)], body)),
  resing_song: ({ values, body }) => made(call("resing", [id(values)], body)),
  separate_song: ({ values }) => made(call("stems", [id(values)])),
  plan_song: ({ body }) => [`plan = ${call("plan", [body.full_described_song], without(body, "full_described_song"))}`, "print(plan)"],
  quote_song: ({ body }) => [`print(${call("quote", [body.full_described_song], without(body, "full_described_song"))})`],
  upload_recording: () => [`source = ${call("upload_audio", ["hum.wav", "mine"])}`, "print(source.id)"],
  list_recordings: () => ["for source in client.sources():", "    print(source.id, source.name)"],
  delete_recording: ({ values }) => [call("delete_source", [id(values)])],
  list_songs: () => ["for song in client.songs():", "    print(song.id, song.title)"],
  get_song: ({ values }) => [`song = ${call("song", [id(values)])}`, "print(song.status, song.title)"],
  delete_song: ({ values }) => [call("delete", [id(values)])],
  cancel_song: ({ values }) => [call("cancel", [id(values)])],
  follow_song: ({ values }) => [`song = client.wait(${literal(id(values))}, on_progress=print)`],
  get_audio: saved("audio", "song.wav"),
  get_cover: saved("cover", "cover.png"),
  get_lyrics: saved("lyrics", "lyrics.txt"),
  get_lrc: saved("lrc", "lyrics.lrc"),
  get_midi: saved("midi", "song.mid"),
  get_stem: ({ values }) => [call("download", [id(values), `stem:${values.name}`, "stem.flac"])],
  get_package: saved("package", "song.zip"),
};

export function python(operation, api) {
  const given = parts(operation, api);
  const lines = PYTHON[operation.operationId]?.(given);
  if (!lines) return plainPython(operation, given);
  return [
    "import os",
    "",
    "from songwright import Client",
    "",
    `with Client("${location.origin}", os.environ["TOKEN"]) as client:`,
    ...lines.map((line) => `    ${line}`),
  ].join("\n");
}

function plainPython({ method }, { address, body, form, media, secret }) {
  const given = [`    "${address}",`];
  if (secret) given.push(`    headers={"Authorization": f"Bearer {os.environ['TOKEN']}"},`);
  if (body !== undefined) given.push(`    json=${literal(body)},`);
  for (const [name, file, example] of form || []) given.push(file ? `    files={"${name}": open("${example}", "rb")},` : `    data={"${name}": "${example}"},`);
  given.push("    timeout=600,");
  const shown = media.includes("json") ? "response.json()" : media.startsWith("text/") ? "response.text" : "len(response.content)";
  return [
    ...(secret ? ["import os", ""] : []),
    "import httpx",
    "",
    `response = httpx.${method}(`,
    ...given,
    ")",
    "response.raise_for_status()",
    `print(${shown})`,
  ].join("\n");
}
