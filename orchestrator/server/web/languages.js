// The language of the page: chosen by the browser, or here.

import { language } from "/page/words.js";

const KEPT = "songwright.language";

export function wireLanguage() {
  const picker = document.getElementById("language-picker");
  picker.value = language;
  picker.addEventListener("change", () => {
    try {
      localStorage.setItem(KEPT, picker.value);
    } catch {
      return; // Without storage the browser's languages go on to decide.
    }
    location.reload();
  });
}
