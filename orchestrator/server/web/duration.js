// A length of time as people type it: 3:00, 180, 90 s, 2 min.

// The seconds, or NaN for what is no length of time.
export function secondsOf(text) {
  const typed = text.trim().toLowerCase().replace(",", ".");
  const clock = /^(\d{1,3}):([0-5]?\d(?:\.\d+)?)$/.exec(typed);
  if (clock) return Number(clock[1]) * 60 + Number(clock[2]);
  const amount = /^(\d+(?:\.\d+)?)\s*(s|sec|secs|seconds?|m|min|mins|minutes?)?$/.exec(typed);
  if (!amount) return NaN;
  return Number(amount[1]) * (amount[2]?.startsWith("m") ? 60 : 1);
}
