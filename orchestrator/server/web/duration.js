// A length of time as people type it: 3:00, 180, 90 s, 2 min, 2 min 30 s, 1,5 Minuten, 3 分钟.

const AMOUNT = "(\\d+(?:\\.\\d+)?)";
const MINUTES = "(?:m|min|mins|minutes?|minuten?|minutos?|分|分钟|分鐘)\\.?";
const SECONDS = "(?:s|secs?|seconds?|seg|segundos?|secondes?|sek|sekunden?|秒|秒钟|秒鐘)\\.?";
const CLOCK = /^(\d{1,3}):([0-5]\d(?:\.\d+)?)$/;
const IN_SECONDS = new RegExp(`^${AMOUNT}\\s*(?:${SECONDS})?$`);
const IN_MINUTES = new RegExp(`^${AMOUNT}\\s*${MINUTES}(?:\\s*${AMOUNT}\\s*(?:${SECONDS})?)?$`);

// The seconds, or NaN for what is no length of time.
export function secondsOf(text) {
  // Input methods type wide digits and colons.
  const typed = text.normalize("NFKC").trim().toLowerCase().replace(/(\d),(?=\d)/, "$1.");
  const found = CLOCK.exec(typed) || IN_MINUTES.exec(typed);
  if (found) return Number(found[1]) * 60 + Number(found[2] || 0);
  return Number(IN_SECONDS.exec(typed)?.[1] ?? NaN);
}
