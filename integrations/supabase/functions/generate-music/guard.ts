// Who may have a song: pages of named origins, signed-in users, and each of them so many a day.

const ANSWER_S = 10; // for an answer of Supabase itself
const SONGS_PER_DAY = 20;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const JWT = /^Bearer +([\w-]+\.[\w-]+\.[\w-]+)$/i;
const LONGEST_JWT = 8192;

/** Why a request is not served. */
export class Refused extends Error {
  constructor(readonly status: number, message: string, readonly retryAfter?: string) {
    super(message);
  }
}

/** A variable that has to be set. */
export function wanted(name: string): string {
  const value = Deno.env.get(name)?.trim();
  if (!value) throw new Refused(500, `${name} not configured`);
  return value;
}

/** Headers that let the page of `origin` read the answer; none for a caller that is no page. */
export function corsOf(origin: string | null): Record<string, string> {
  if (origin === null) return {};
  const named = (Deno.env.get("ALLOWED_ORIGINS") ?? "").split(",").map((one) =>
    one.trim().replace(/\/+$/, "")
  );
  if (origin === "null" || !named.includes(origin)) {
    throw new Refused(403, "pages of this origin may not call: ALLOWED_ORIGINS names those that may");
  }
  return {
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Headers": "authorization, x-client-info, apikey, content-type, idempotency-key",
    "Access-Control-Allow-Methods": "POST, OPTIONS",
    "Access-Control-Expose-Headers": "Retry-After",
    "Access-Control-Max-Age": "3600",
    "Vary": "Origin",
  };
}

/** The id of the user who sends this header. Supabase Auth is asked, so that a session that was ended, and a
 * user who is banned or gone, are known; the project's own keys are no user. */
export async function userOf(authorization: string | null): Promise<string> {
  const token = JWT.exec(authorization ?? "")?.[1];
  const signIn = new Refused(401, "sign in: send the access token of a user's session as bearer");
  if (!token || token.length > LONGEST_JWT) throw signIn;
  const headers = { "Authorization": `Bearer ${token}`, "apikey": keyOf("PUBLISHABLE") };
  const response = await supabase("/auth/v1/user", { headers });
  if ([400, 401, 403, 404].includes(response.status)) {
    await response.body?.cancel();
    throw signIn;
  }
  const user = await jsonOf(response, "Supabase Auth");
  const { id, role, is_anonymous } = user as Record<string, unknown>;
  if (typeof id !== "string" || !UUID.test(id) || role !== "authenticated") throw signIn;
  // Anybody can be as many of these as they like, each with a quota of its own.
  if (is_anonymous === true) throw new Refused(403, "sign in: an anonymous user gets no songs");
  return id;
}

/** Takes one of the user's songs of the day for this request; what gives it back where it came to nothing. */
export async function takeSong(user: string, request: string): Promise<() => Promise<void>> {
  const perDay = songsPerDay();
  const body = { of_user: user, of_request: request };
  const response = await rpc("songwright_take", { ...body, per_day: perDay });
  const taken = await jsonOf(response, "the quota") as Record<string, unknown>;
  if (taken.granted === true) {
    return async () => {
      try {
        const given = await rpc("songwright_give_back", body);
        await given.body?.cancel();
        if (!given.ok) throw new Error(`answered ${given.status}`);
      } catch (error) {
        console.error(`a song of ${user} was not given back: ${error}`); // they wait a day for it
      }
    };
  }
  if (taken.granted !== false) throw new Refused(503, "the quota's answer cannot be read");
  const why = taken.repeated === true
    ? "this Idempotency-Key was sent too often"
    : `your quota of ${perDay} songs in 24 hours is used up`;
  throw new Refused(429, why, String(Number(taken.wait_s) || 3600));
}

function songsPerDay(): number {
  const given = Deno.env.get("SONGS_PER_DAY")?.trim();
  if (!given) return SONGS_PER_DAY;
  if (!/^\d{1,5}$/.test(given)) throw new Refused(500, "SONGS_PER_DAY is to be a whole number");
  return Number(given);
}

async function rpc(name: string, body: unknown): Promise<Response> {
  const key = keyOf("SECRET");
  const headers: Record<string, string> = { "apikey": key, "Content-Type": "application/json" };
  if (key.startsWith("ey")) headers["Authorization"] = `Bearer ${key}`; // the new keys are no JWT
  const response = await supabase(`/rest/v1/rpc/${name}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  if (response.status === 404) {
    await response.body?.cancel();
    throw new Refused(500, "the quota is not set up: supabase db push");
  }
  return response;
}

/** One of the keys that Supabase gives every function: by its new name, or its former one. */
function keyOf(kind: "PUBLISHABLE" | "SECRET"): string {
  const all = Deno.env.get(`SUPABASE_${kind}_KEYS`);
  if (all) {
    try {
      const key = JSON.parse(all)["default"];
      if (typeof key === "string" && key) return key;
    } catch {
      throw new Refused(500, `SUPABASE_${kind}_KEYS is not JSON`);
    }
  }
  return wanted(kind === "SECRET" ? "SUPABASE_SERVICE_ROLE_KEY" : "SUPABASE_ANON_KEY");
}

async function supabase(path: string, init: RequestInit): Promise<Response> {
  const url = wanted("SUPABASE_URL").replace(/\/+$/, "") + path;
  try {
    return await fetch(url, { ...init, redirect: "error", signal: AbortSignal.timeout(ANSWER_S * 1000) });
  } catch (error) {
    console.error(`${path}: ${error}`);
    throw new Refused(503, "Supabase does not answer, try again", "10");
  }
}

async function jsonOf(response: Response, whose: string): Promise<object> {
  try {
    if (response.ok) {
      const found = await response.json();
      if (typeof found === "object" && found !== null) return found;
    } else {
      await response.body?.cancel();
    }
  } catch (error) {
    console.error(`${whose}: ${error}`);
  }
  console.error(`${whose} answered ${response.status}`);
  throw new Refused(503, `${whose} cannot be asked, try again`, "10");
}
