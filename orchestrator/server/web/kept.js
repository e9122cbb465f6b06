// What this browser remembers of the player. Where storage is refused, it lasts as long as the page.

const held = new Map();
const keyOf = (name) => `songwright.player.${name}`;

export function kept(name, otherwise) {
  if (held.has(name)) return held.get(name);
  try {
    const text = localStorage.getItem(keyOf(name));
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

export function keep(name, value) {
  held.set(name, value);
  try {
    localStorage.setItem(keyOf(name), JSON.stringify(value));
  } catch {
    // Storage is refused or full: `held` is enough until the page closes.
  }
}
