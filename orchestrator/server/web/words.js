// The page's words in the browser's language. The English sentence is the key, so that page and code are read as
// English, and a sentence without a translation is shown in English. languages/NAME.js exports a table.

const LANGUAGES = ["de", "es", "fr", "zh"];
const KEPT = "songwright.language";
const ATTRIBUTES = ["placeholder", "aria-label", "title", "alt"];

function chosen() {
  const wanted = [...(navigator.languages || [navigator.language || ""])];
  try {
    wanted.unshift(localStorage.getItem(KEPT) || "");
  } catch {
    // Storage is refused: the address or the browser's languages decide.
  }
  wanted.unshift(new URLSearchParams(location.search).get("language") || "");
  for (const name of wanted) {
    const language = name.toLowerCase().split("-")[0];
    if (language === "en") return "en";
    if (LANGUAGES.includes(language)) return language;
  }
  return "en";
}

export const language = chosen();
const table = language === "en" ? {} : (await import(`/page/languages/${language}.js`)).default;

// The sentence in the page's language. {name} in it is the value of that name: t("{n} songs", { n: 3 }).
export function t(english, values = {}) {
  const sentence = Object.hasOwn(table, english) ? table[english] : english;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

// A date or a number as this language writes it.
export function localDate(date, options = { dateStyle: "medium", timeStyle: "short" }) {
  return new Intl.DateTimeFormat(language, options).format(date);
}

// A price in US dollars as this language writes it.
export function localPrice(usd, decimals = 2) {
  const options = { style: "currency", currency: "USD", minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat(language, options).format(usd);
}

// Translates what stands in the document. Elements with translate="no", and what is in them, stay as they are:
// what users wrote is theirs.
export function translate(root = document.body) {
  document.documentElement.lang = language;
  if (language === "en") return;
  const texts = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    const sentence = node.data.trim().replace(/\s+/g, " ");
    if (!sentence || node.parentElement.closest("[translate=no], script, style")) continue;
    node.data = node.data.replace(node.data.trim(), () => t(sentence));
  }
  for (const element of root.querySelectorAll(ATTRIBUTES.map((name) => `[${name}]`).join())) {
    if (element.closest("[translate=no]")) continue;
    for (const name of ATTRIBUTES) if (element.hasAttribute(name)) element.setAttribute(name, t(element.getAttribute(name)));
  }
}
