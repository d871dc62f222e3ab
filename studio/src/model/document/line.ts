/** Lines with round corners, for SVG. */

/** The path of an SVG line with rounded corners. */
export function lineOf(points: readonly [number, number][], radius = 8): string {
  const [first, ...rest] = points.filter((point, at) => at === 0 || !same(point, points[at - 1]));
  if (first === undefined) return "";
  let line = `M${first[0]},${first[1]}`;
  let from = first;
  rest.forEach((point, at) => {
    const next = rest[at + 1];
    if (next === undefined) {
      line += `L${point[0]},${point[1]}`;
    } else {
      const before = Math.min(radius, distance(from, point) / 2);
      const after = Math.min(radius, distance(point, next) / 2);
      const [ax, ay] = towards(point, from, before);
      const [bx, by] = towards(point, next, after);
      line += `L${ax},${ay}Q${point[0]},${point[1]} ${bx},${by}`;
    }
    from = point;
  });
  return line;
}

const same = (a: [number, number], b: [number, number] | undefined): boolean =>
  b !== undefined && a[0] === b[0] && a[1] === b[1];
const distance = (a: [number, number], b: [number, number]): number => Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
const towards = (from: [number, number], to: [number, number], by: number): [number, number] => {
  const all = distance(from, to) || 1;
  return [from[0] + ((to[0] - from[0]) * by) / all, from[1] + ((to[1] - from[1]) * by) / all];
};
