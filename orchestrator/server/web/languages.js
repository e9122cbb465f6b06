// The language of the page: chosen by the browser, or here.

import { language } from "/page/words.js";

const KEPT = "songwright.language";

export function wireLanguage() {
  const picker = document.getElementById("language-picker");
  picker.value = language;
  picker.addEventListener("change", () => {
    const address = new URL(location.href);
    address.searchParams.delete("language");
    try {
      localStorage.setItem(KEPT, picker.value);
    } catch {
      address.searchParams.set("language", picker.value); // without storage, the address keeps it
    }
    if (address.href === location.href) location.reload();
    else location.replace(address);
  });
}
