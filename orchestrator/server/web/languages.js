// The language of the page: chosen by the browser, or here.

import { language } from "/page/words.js";

const KEPT = "songwright.language";

export function wireLanguage() {
  const picker = document.getElementById("language-picker");
  picker.value = language;
  picker.addEventListener("change", () => {
    const query = new URLSearchParams(location.search);
    query.delete("language");
    try {
      localStorage.setItem(KEPT, picker.value);
    } catch {
      query.set("language", picker.value); // without storage, the address keeps it
    }
    if (query.toString() === location.search.replace("?", "")) location.reload();
    else location.search = query;
  });
}
