// In which corner something stands, and where it goes from there. Pure: no element. A corner is t or b, then l or r.

const CLOCKWISE = ["br", "bl", "tl", "tr"];
const KEYS = { ArrowUp: ["t", 0], ArrowDown: ["b", 0], ArrowLeft: ["l", 1], ArrowRight: ["r", 1] };

// The corner of a box that a middle is nearest to; all in pixels, from the box's upper left.
export function nearest({ x, y }, { width, height }) {
  return (y < height / 2 ? "t" : "b") + (x < width / 2 ? "l" : "r");
}

export const next = (corner) => CLOCKWISE[(CLOCKWISE.indexOf(corner) + 1) % CLOCKWISE.length];

// Where an arrow key leads; null for any other key.
export function towards(corner, key) {
  if (!Object.hasOwn(KEYS, key)) return null;
  const [side, at] = KEYS[key];
  return at === 0 ? side + corner[1] : corner[0] + side;
}
