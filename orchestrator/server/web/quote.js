// What the song would take and cost, before Make is pressed. It is only a help: it blocks nothing, and keeps no one waiting.

import { readQuote } from "/page/api.js";
import { currentToken } from "/page/token.js";
import { localPrice, t } from "/page/words.js";

const line = document.getElementById("quote");
const PAUSE_MS = 600;
const SLOW_MS = 400; // until then, the old figures may stand
const AGAIN_MS = 15_000;
const LONGEST_WORDS = 2000; // that the server reads
const LONGEST_LYRICS = 10_000;

let timer = 0;
let slow = 0;
let asking = new AbortController();
let peek = () => null;
let quoted = ""; // the request whose figures are shown

const time = (seconds) => (seconds < 90 ? t("about {n} s", { n: Math.max(1, Math.round(seconds)) }) : t("about {n} min", { n: Math.round(seconds / 60) }));
const money = (usd) => (usd < 0.01 ? t("less than $0.01") : localPrice(usd));
const middle = (spread) => spread?.p50 ?? null;

export function quoteWords(quote) {
  const seconds = middle(quote.seconds);
  if (seconds === null) return t("Time and price show after the first song.");
  const usd = middle(quote.usd);
  return t("Takes {time}, {price}.", { time: time(seconds), price: usd === null ? t("no charge") : money(usd) });
}

function show(words, request = "") {
  quoted = request;
  if (line.textContent !== words) line.textContent = words;
}

const isTooLong = ([name, value]) => String(value).length > (name === "lyrics" ? LONGEST_LYRICS : LONGEST_WORDS);

async function read() {
  clearTimeout(slow);
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const request = currentToken() ? peek() : null;
  if (!request || Object.entries(request.body).some(isTooLong)) return show("");
  const asked = JSON.stringify(request);
  // Figures of another request are not this one's price.
  if (asked !== quoted) slow = setTimeout(() => show(t("Time and price are being worked out …")), SLOW_MS);
  try {
    const quote = await readQuote(request.body, signal);
    const words = request.hasPhoto && quote.seconds ? `${quoteWords(quote)} ${t("Reading the photo comes on top.")}` : quoteWords(quote);
    if (!signal.aborted) show(words, asked);
  } catch (problem) {
    if (signal.aborted) return;
    // What is wrong with a field is said when Make is pressed.
    const isField = problem.status >= 400 && problem.status < 500 && problem.status !== 429;
    show(isField ? "" : t("Time and price are not known just now."));
    if (!isField) timer = setTimeout(read, AGAIN_MS);
  } finally {
    if (!signal.aborted) clearTimeout(slow);
  }
}

export function quoteSoon() {
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE_MS);
}

// request() answers { path, body, hasPhoto } of the form as it stands, or null where it is not whole.
export function wireQuote(form, request) {
  peek = request;
  for (const type of ["input", "change"]) form.addEventListener(type, quoteSoon);
  quoteSoon();
}
