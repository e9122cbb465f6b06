// The HTTP API: one way to ask, one kind of error.

import { askForToken, authorization, currentToken } from "/page/token.js";
import { t } from "/page/words.js";

const unreachable = t("The server cannot be reached. Nothing you typed is lost; try again in a moment.");

// Refusals that are about no field, as a person would say them: the server says them to programs, and a proxy before it
// says nothing at all.
const PLAIN = {
  401: t("You are signed out. Sign in; nothing you typed is lost."),
  413: t("That is too large for the server. Send something smaller."),
  429: t("The server has as much to do as it takes at once."),
  502: unreachable,
  503: t("The server is not ready for this now."),
  504: unreachable,
};

export class Problem extends Error {
  constructor(status, document) {
    super(document.detail || document.title || PLAIN[status] || t("The server answered {status}.", { status }));
    this.status = status;
    this.isOurs = Boolean(document.type);
    this.field = document.field || null;
    this.fix = document.fix || "";
    this.retryAfter = document.retryAfter || null;
  }

  // Beside its field, the field's name and value would only be noise.
  get besideField() {
    return this.fix ? `${this.fix[0].toUpperCase()}${this.fix.slice(1)}.`.replace("..", ".") : this.sentence;
  }

  get sentence() {
    // The service itself can be reached where it says why it has no answer.
    const plain = this.isOurs && [502, 504].includes(this.status) ? null : PLAIN[this.status];
    const parts = [plain || this.message];
    // Why it is not ready helps its owner; how much it takes at once helps nobody.
    if (plain && this.isOurs && this.status === 503) parts.push(`(${this.message})`);
    if (!plain && this.fix && !this.message.includes(this.fix)) parts.push(this.fix);
    if (this.retryAfter) parts.push(t("Try again in {n} s.", { n: this.retryAfter }));
    return parts.join(" ");
  }
}

export class Unreachable extends Error {
  get sentence() {
    return unreachable;
  }
}

// Retry-After is seconds or a date.
function waitOf(response) {
  const value = response.headers.get("Retry-After");
  if (!value) return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(1, Math.ceil(seconds));
  const until = Date.parse(value);
  return Number.isNaN(until) ? null : Math.max(1, Math.ceil((until - Date.now()) / 1000));
}

export async function ask(path, { method = "GET", body, headers = {}, signal } = {}) {
  const token = currentToken();
  if (!token) {
    askForToken();
    throw new Problem(401, {});
  }
  // A form names its own type, with the mark that divides its parts.
  const isForm = body instanceof FormData;
  let response;
  try {
    response = await fetch(path, {
      method,
      signal,
      cache: "no-store",
      headers: {
        ...authorization(),
        ...(body === undefined || isForm ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined || isForm ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
  if (response.ok) return response;
  const document = await response.json().catch(() => ({}));
  // A newer token may have been given while this request was under way.
  if (response.status === 401 && token === currentToken()) {
    askForToken(authorization().Authorization ? t("The server does not take this token any more.") : PLAIN[401]);
  }
  throw new Problem(response.status, { ...document, retryAfter: waitOf(response) });
}

export async function askJson(path, options) {
  const response = await ask(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Unreachable();
  }
}

// crypto.randomUUID is missing on a page opened over http from another machine.
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

// The same key goes with every retry, so that a request whose answer was lost does not make a second song.
export async function orderSong(path, body, key) {
  const headers = { Prefer: "respond-async, listen", "Idempotency-Key": key };
  for (const wait of [1, 3]) {
    try {
      return await askJson(path, { method: "POST", body, headers });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await pause(wait);
    }
  }
  return askJson(path, { method: "POST", body, headers });
}

const songPath = (id) => `/songs/${encodeURIComponent(id)}`;

// Under which address a file of a song is saved. What another host keeps would be opened there, in the place of the page:
// this server has it saved, under the song's name. Its cookie is needed for that.
export function downloadOf(song, role) {
  const isHere = new URL(song.urls[role], location.href).origin === location.origin;
  if (isHere || authorization().Authorization) return song.urls[role];
  // A package is always saved, and its address takes no such wish.
  return `${songPath(song.id)}/${role === "package" ? role : `${role.replace("stem:", "stems/")}?download=true`}`;
}

export const readQuote = (body, signal) => askJson("/quote", { method: "POST", body, signal });
export const readPlan = (body) => askJson("/plan", { method: "POST", body });
export const readSong = (id, signal) => askJson(songPath(id), { signal });
export const cancelSong = (id) => askJson(`${songPath(id)}/cancel`, { method: "POST" });
export const deleteSong = (id) => ask(songPath(id), { method: "DELETE" });
export const readWaveform = (id, signal) => askJson(`${songPath(id)}/waveform`, { signal });
export const readText = async (id, role, signal) => (await ask(`${songPath(id)}/${role}`, { signal })).text();
export const openEvents = (id, headers, signal) => ask(`${songPath(id)}/events`, { headers, signal });

// The words, the filters and the order of `wanted` that are set; the rest is left to the server.
export function readLibrary(cursor, limit = 20, wanted = {}) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor) query.set("cursor", cursor);
  for (const [name, value] of Object.entries(wanted)) if (value) query.set(name, value);
  return askJson(`/songs?${query}`);
}

export const changeSong = (id, body) => askJson(songPath(id), { method: "PATCH", body });
export const openLibraryEvents = (headers, signal) => ask("/events", { headers, signal });
