// What the song would take and cost, before Make is pressed. It is only a help: it blocks nothing and complains of nothing.

import { readQuote } from "/page/api.js";
import { currentToken } from "/page/token.js";
import { localPrice, t } from "/page/words.js";

const line = document.getElementById("quote");
const PAUSE_MS = 600;
const LONGEST_WORDS = 2000;

let timer = 0;
let asking = new AbortController();
let peek = () => null;

const time = (seconds) => (seconds < 90 ? t("about {n} s", { n: Math.max(1, Math.round(seconds)) }) : t("about {n} min", { n: Math.round(seconds / 60) }));
const money = (usd) => (usd < 0.01 ? t("less than $0.01") : localPrice(usd));
const middle = (spread) => spread?.p50 ?? null;

export function quoteWords(quote) {
  const seconds = middle(quote.seconds);
  if (seconds === null) return t("Time and price show after the first song.");
  const usd = middle(quote.usd);
  return t("Takes {time}, {price}.", { time: time(seconds), price: usd === null ? t("no charge") : money(usd) });
}

async function read() {
  asking.abort();
  asking = new AbortController();
  const { signal } = asking;
  const request = currentToken() ? peek() : null;
  if (!request || Object.values(request.body).some((value) => String(value).length > LONGEST_WORDS)) {
    line.textContent = "";
    return;
  }
  try {
    const words = quoteWords(await readQuote(request.body, signal));
    if (!signal.aborted && line.textContent !== words) line.textContent = words;
  } catch {
    if (!signal.aborted) line.textContent = "";
  }
}

export function quoteSoon() {
  clearTimeout(timer);
  timer = setTimeout(read, PAUSE_MS);
}

// request() answers { path, body } of the form as it stands, or null where it is not whole.
export function wireQuote(form, request) {
  peek = request;
  for (const type of ["input", "change"]) form.addEventListener(type, quoteSoon);
  quoteSoon();
}
