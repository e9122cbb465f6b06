// A Supabase edge function before Songwright: it serves signed-in users (guard.ts), checks the request, adds
// the service's token and asks again where that can help. The prompt is made by the service, not here.
//
// Two bodies are taken: mood, energy, genres and so on; or a prompt of the caller's own. Both are answered as
// the service answers them: `{success, audioUrl, prompt, metadata}`, or `{success: false, error}`.
//
// Secrets: MODAL_API_URL, where Songwright is; API_BEARER_TOKEN, its token; ALLOWED_ORIGINS, SONGS_PER_DAY.

import { z } from "zod";

import { corsOf, Refused, takeSong, userOf, wanted } from "./guard.ts";

const MAX_ATTEMPTS = 3;
const LOADING_PAUSE_S = 10; // after 503, where the service names no time: a model is being loaded
const FIRST_PAUSE_S = 1; // after 429, doubled each time, and after 500
const TIME_LIMIT_S = 145; // for all of it: Supabase cuts a request off at 150 s
const BODY_BYTES = 16_384;
const BODY_S = 10;
const KEY_CHARACTERS = 255;

const word = z.string().trim().min(1).max(60);
const tempo = z.number().min(40).max(220).optional();
const level = z.number().min(0).max(10).optional();

// As the service's own bounds. How long a piece may be depends on its engine, so that is for the service to
// refuse. A field that is not named here goes no further: what else the service knows, such as `webhook`, is
// not for everybody to use.
const common = {
  duration: z.number().min(1).max(600).optional(),
  temperature: z.number().min(0.1).max(2).optional(),
  seed: z.number().int().min(-1).max(Number.MAX_SAFE_INTEGER).optional(),
  format: z.enum(["wav", "flac", "mp3"]).optional(),
  audio_url: z.enum(["data", "signed"]).optional(),
  audioUrl: z.enum(["data", "signed"]).optional(),
};

const structured = z.object({
  mood: word,
  energy: z.number().min(0).max(10),
  genres: z.array(word).min(1).max(5),
  tempo_bpm: tempo,
  tempoBpm: tempo,
  style_level: level,
  styleLevel: level,
  vocal_type: word.optional(),
  vocalType: word.optional(),
  instruments: z.array(word).max(10).optional(),
  ...common,
});

const prompted = z.object({ prompt: z.string().trim().min(1).max(500), ...common });

/** The request's body, if it is one that the service can use. */
async function bodyOf(request: Request): Promise<unknown> {
  const text = await textOf(request);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new Refused(400, "the body cannot be read as JSON");
  }
  const isPrompted = typeof body === "object" && body !== null && "prompt" in body;
  const checked = (isPrompted ? prompted : structured).safeParse(body);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new Refused(400, faults.slice(0, 10).join("; "));
}

/** The body as text, as much as may be and in the time that it may take. */
async function textOf(request: Request): Promise<string> {
  const tooLarge = new Refused(413, `the body may have ${BODY_BYTES} bytes`);
  if (Number(request.headers.get("Content-Length") ?? 0) > BODY_BYTES) throw tooLarge;
  const reader = request.body?.getReader();
  if (!reader) return "";
  const timer = setTimeout(() => reader.cancel().catch(() => {}), BODY_S * 1000);
  const began = Date.now();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > BODY_BYTES) {
        await reader.cancel();
        throw tooLarge;
      }
      pieces.push(value);
    }
  } finally {
    clearTimeout(timer);
  }
  if (Date.now() - began >= BODY_S * 1000) throw new Refused(408, `the body must arrive within ${BODY_S} s`);
  return new TextDecoder().decode(await new Blob(pieces as BlobPart[]).arrayBuffer());
}

/** The name of this request at the service and in the quota: the caller's own, which no other user can know;
 * else one that the attempts made here share. */
async function nameOf(user: string, key: string | null): Promise<string> {
  if (key !== null && (key.length === 0 || key.length > KEY_CHARACTERS)) {
    throw new Refused(400, `Idempotency-Key: 1 to ${KEY_CHARACTERS} characters`);
  }
  const text = new TextEncoder().encode(`${user} ${key ?? crypto.randomUUID()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", text));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Seconds until the next attempt; null where none can help. */
function pauseAfter(response: Response, attempt: number, failures: number): number | null {
  const named = response.headers.get("Retry-After");
  const pause = named !== null && /^\d{1,6}$/.test(named) ? Number(named) : null;
  switch (response.status) {
    case 429:
      return pause ?? FIRST_PAUSE_S * 2 ** (attempt - 1);
    case 503:
      return pause ?? LOADING_PAUSE_S;
    case 500:
      return failures === 1 ? pause ?? FIRST_PAUSE_S : null;
    default:
      return null;
  }
}

/** The service's answer, of any status. Rejects where it gives none until then, in ms. */
async function ask(
  url: string,
  token: string,
  name: string,
  body: unknown,
  until: number,
): Promise<Response> {
  const signal = AbortSignal.timeout(Math.max(0, until - Date.now()));
  const headers = {
    "Authorization": `Bearer ${token}`,
    "Content-Type": "application/json",
    "Idempotency-Key": name,
  };
  let failures = 0;
  for (let attempt = 1;; attempt++) {
    const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), signal });
    if (response.status === 500) failures++;
    const pause = pauseAfter(response, attempt, failures);
    if (pause === null || attempt === MAX_ATTEMPTS || Date.now() + pause * 1000 >= until) return response;
    console.warn(`the service answered ${response.status}: asking again in ${pause} s`);
    await response.body?.cancel();
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
  }
}

/** Why the service refused; it says so itself, unless something between here and there answered. */
async function refusalOf(response: Response): Promise<Refused> {
  const retryAfter = response.headers.get("Retry-After") ?? undefined;
  if (response.status === 401) {
    await response.body?.cancel();
    // Ours to mend, not the caller's, whose own 401 means that they are to sign in.
    return new Refused(500, "the service does not know this API_BEARER_TOKEN");
  }
  const text = await response.text();
  let error = `the service answered ${response.status}`;
  try {
    const { error: said, detail } = JSON.parse(text);
    error = said ?? detail ?? error;
  } catch {
    error = `${error}, and not in JSON`;
  }
  return new Refused(response.status, error, retryAfter);
}

/** The service's answer to this user's request. */
async function songOf(request: Request): Promise<unknown> {
  const until = Date.now() + TIME_LIMIT_S * 1000;
  const url = wanted("MODAL_API_URL").replace(/\/+$/, "") + "/generate-music";
  const token = wanted("API_BEARER_TOKEN");
  const user = await userOf(request.headers.get("Authorization"));
  const body = await bodyOf(request);
  const name = await nameOf(user, request.headers.get("Idempotency-Key"));
  const giveBack = await takeSong(user, name);
  let response: Response;
  try {
    response = await ask(url, token, name, body, until);
    if (response.ok) return await response.json();
  } catch (error) {
    // A song may be made all the same: it stays taken, and the same Idempotency-Key leads to it.
    console.error(error);
    throw error instanceof DOMException && error.name === "TimeoutError"
      ? new Refused(504, `the service did not answer within ${TIME_LIMIT_S} s`)
      : new Refused(502, "the service cannot be reached, or its answer cannot be read");
  }
  const refused = await refusalOf(response);
  // What was refused made nothing; what failed, or took too long, has cost what a song costs.
  if (response.status < 500 || response.status === 503) await giveBack();
  throw refused;
}

async function handle(request: Request): Promise<Response> {
  let cors: Record<string, string> = {};
  try {
    cors = corsOf(request.headers.get("Origin"));
    if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: cors });
    if (request.method !== "POST") throw new Refused(405, "send a POST request");
    return Response.json(await songOf(request), { headers: cors });
  } catch (error) {
    if (!(error instanceof Refused)) console.error(error);
    const refused = error instanceof Refused ? error : new Refused(500, "the function failed: see its log");
    const headers = refused.retryAfter ? { ...cors, "Retry-After": refused.retryAfter } : cors;
    return Response.json({ success: false, error: refused.message }, { status: refused.status, headers });
  }
}

Deno.serve(handle);
