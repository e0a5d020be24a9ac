// What this browser remembers. Where it may keep nothing (private windows, policies), it forgets, and the page works on.

export function recall(name, usual) {
  try {
    return JSON.parse(localStorage.getItem(name)) ?? usual;
  } catch {
    return usual;
  }
}

// What only this tab remembers, and forgets with it.
export function recallHere(name) {
  try {
    return sessionStorage.getItem(name);
  } catch {
    return null;
  }
}

export function rememberHere(name, text) {
  try {
    if (text === null) sessionStorage.removeItem(name);
    else sessionStorage.setItem(name, text);
  } catch { /* then it is not remembered */ }
}

export function remember(name, value) {
  try {
    if (value === null) localStorage.removeItem(name);
    else localStorage.setItem(name, JSON.stringify(value));
  } catch { /* then it is not remembered */ }
}
