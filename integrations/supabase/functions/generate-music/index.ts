// A Supabase edge function before Songwright: it checks the request, adds the service's token, asks again
// where that can help, and lets browsers in (CORS). The prompt is made by the service, not here.
//
// Two bodies are taken: mood, energy, genres and so on; or a prompt of the caller's own. Both are answered as
// the service answers them: `{success, audioUrl, prompt, metadata}`, or `{success: false, error}`.
//
// Secrets: MODAL_API_URL, where Songwright is; API_BEARER_TOKEN, its token.

import { z } from "zod";

const MAX_ATTEMPTS = 3;
const LOADING_PAUSE_S = 10; // after 503, where the service names no time: a model is being loaded
const FIRST_PAUSE_S = 1; // after 429, doubled each time, and after 500
const TIME_LIMIT_S = 145; // Supabase cuts a request off at 150 s

const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Headers": "authorization, x-client-info, apikey, content-type",
  "Access-Control-Allow-Methods": "POST, OPTIONS",
  "Access-Control-Expose-Headers": "Retry-After",
};

const word = z.string().trim().min(1).max(60);

// As the service's own bounds. How long a piece may be depends on its engine, so that is for the service to
// refuse; and fields that are not named here go there as they are: it says which it does not know.
const structured = z.looseObject({
  mood: word,
  energy: z.number().min(0).max(10),
  genres: z.array(word).min(1).max(5),
  tempo_bpm: z.number().min(40).max(220).optional(),
  style_level: z.number().min(0).max(10).optional(),
  vocal_type: word.optional(),
  instruments: z.array(word).max(10).optional(),
  duration: z.number().min(1).optional(),
});

const prompted = z.looseObject({
  prompt: z.string().trim().min(1).max(500),
  duration: z.number().min(1).optional(),
  temperature: z.number().min(0.1).max(2).optional(),
});

interface Refusal {
  status: number;
  error: string;
  retryAfter?: string;
}

/** The request's body, if it is one that the service can use; else why not. */
async function bodyOf(request: Request): Promise<{ body: unknown } | Refusal> {
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return { status: 400, error: "the body cannot be read as JSON" };
  }
  const isPrompted = typeof body === "object" && body !== null && "prompt" in body;
  const checked = (isPrompted ? prompted : structured).safeParse(body);
  if (checked.success) return { body: checked.data };
  const faults = checked.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  return { status: 400, error: faults.join("; ") };
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

/** The service's answer, of any status. Rejects where it gives none in time. */
async function ask(url: string, token: string, body: unknown): Promise<Response> {
  const until = Date.now() + TIME_LIMIT_S * 1000;
  const signal = AbortSignal.timeout(TIME_LIMIT_S * 1000);
  const headers = { "Authorization": `Bearer ${token}`, "Content-Type": "application/json" };
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
async function refusalOf(response: Response): Promise<Refusal> {
  const retryAfter = response.headers.get("Retry-After") ?? undefined;
  if (response.status === 401) {
    await response.body?.cancel();
    return { status: 401, error: "the service does not know this API_BEARER_TOKEN" };
  }
  const text = await response.text();
  let error = `the service answered ${response.status}`;
  try {
    const { error: said, detail } = JSON.parse(text);
    error = said ?? detail ?? error;
  } catch {
    error = `${error}, and not in JSON`;
  }
  return { status: response.status, error, retryAfter };
}

function answered(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return Response.json(body, { status, headers: { ...CORS, ...headers } });
}

function refused({ status, error, retryAfter }: Refusal): Response {
  return answered({ success: false, error }, status, retryAfter ? { "Retry-After": retryAfter } : {});
}

async function handle(request: Request): Promise<Response> {
  if (request.method === "OPTIONS") return new Response(null, { status: 204, headers: CORS });
  if (request.method !== "POST") return refused({ status: 405, error: "send a POST request" });
  const read = await bodyOf(request);
  if ("error" in read) return refused(read);
  const url = Deno.env.get("MODAL_API_URL");
  const token = Deno.env.get("API_BEARER_TOKEN");
  if (!url) return refused({ status: 500, error: "MODAL_API_URL not configured" });
  if (!token) return refused({ status: 500, error: "API_BEARER_TOKEN not configured" });
  try {
    const response = await ask(url.replace(/\/+$/, "") + "/generate-music", token, read.body);
    return response.ok ? answered(await response.json()) : refused(await refusalOf(response));
  } catch (error) {
    console.error(error);
    return error instanceof DOMException && error.name === "TimeoutError"
      ? refused({ status: 504, error: `the service did not answer within ${TIME_LIMIT_S} s` })
      : refused({ status: 502, error: "the service cannot be reached, or its answer cannot be read" });
  }
}

Deno.serve(handle);
