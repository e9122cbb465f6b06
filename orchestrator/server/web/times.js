// Time as people read it.

import { t } from "/page/words.js";

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function spoken(seconds) {
  const whole = Math.max(0, Math.round(seconds || 0));
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  const parts = [];
  if (minutes) parts.push(minutes === 1 ? t("1 minute") : t("{n} minutes", { n: minutes }));
  if (rest || !minutes) parts.push(rest === 1 ? t("1 second") : t("{n} seconds", { n: rest }));
  return parts.join(" ");
}

export function left(seconds) {
  if (seconds === null || seconds === undefined) return "";
  if (seconds < 90) return t("about {n} s left", { n: Math.max(1, Math.ceil(seconds)) });
  return t("about {n} min left", { n: Math.round(seconds / 60) });
}
