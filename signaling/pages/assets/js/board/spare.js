// Of the parts of a list that are in the page, those that have left the view: out of it, and ready to be drawn as what has come.

// parts: Map of {el, update()}; wanted: has(key)
export function takeOut(parts, wanted) {
  const spare = [];
  for (const [key, part] of parts) {
    if (wanted.has(key)) continue;
    part.el.remove();
    parts.delete(key);
    spare.push(part);
  }
  return spare;
}
