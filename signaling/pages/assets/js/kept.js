// What this browser remembers, or this tab of it, where it lets us: storage is closed in some private windows, then it holds
// for this page.

const storage = (isOfTab) => (isOfTab ? sessionStorage : localStorage);

export function kept(key, isOfTab = false) {
  try {
    return storage(isOfTab).getItem(key);
  } catch {
    return null;
  }
}

// What was kept as JSON; null for what is not there or is none.
export function keptObject(key, isOfTab = false) {
  try {
    return JSON.parse(kept(key, isOfTab));
  } catch {
    return null;
  }
}

export function keep(key, value, isOfTab = false) {
  try {
    if (value === null) storage(isOfTab).removeItem(key);
    else storage(isOfTab).setItem(key, value);
  } catch {
    // it holds for this page
  }
}

export function keptKeys(prefix) {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
}
