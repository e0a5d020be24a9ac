// What this browser remembers. Where it may keep nothing (private windows, policies), it forgets, and the page works on.

export function recall(name, usual) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? usual;
  } catch {
    return usual;
  }
}

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch { /* then it is not remembered */ }
}
