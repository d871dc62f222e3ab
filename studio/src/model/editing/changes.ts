/** What an update event changed: Stripe's `previous_attributes` laid against the object, one line per value. */

export interface Change {
  /** Where in the object: "items.data[0].price.id". */
  path: string;
  before: unknown;
  after: unknown;
  kind: "changed" | "added" | "removed";
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `previous` has only the values that differ; nested maps are partial too, lists are complete. */
export function changesOf(previous: unknown, object: unknown): Change[] {
  const changes: Change[] = [];
  const walk = (before: Record<string, unknown>, after: unknown, path: string) => {
    for (const [key, old] of Object.entries(before)) {
      const place = path ? `${path}.${key}` : key;
      const now = isMap(after) ? after[key] : undefined;
      compare(place, old, now);
    }
  };
  const compare = (place: string, old: unknown, now: unknown) => {
    if (isMap(old) && isMap(now)) walk(old, now, place);
    else if (Array.isArray(old) && Array.isArray(now)) lists(old, now, place);
    else if (!same(old, now))
      changes.push({ path: place, before: old ?? null, after: now ?? null, kind: kindOf(old, now) });
  };
  const lists = (old: unknown[], now: unknown[], place: string) => {
    for (let index = 0; index < Math.max(old.length, now.length); index += 1) {
      const [a, b] = [old[index], now[index]];
      // Inside a list the items are whole, so what is only in the new one was added.
      if (isMap(a) && isMap(b))
        for (const key of new Set([...Object.keys(a), ...Object.keys(b)]))
          compare(`${place}[${index}].${key}`, a[key], b[key]);
      else compare(`${place}[${index}]`, a, b);
    }
  };
  if (isMap(previous)) walk(previous, object, "");
  return changes;
}

const kindOf = (old: unknown, now: unknown): Change["kind"] => {
  const [was, is] = [old !== null && old !== undefined, now !== null && now !== undefined];
  return was && is ? "changed" : was ? "removed" : "added";
};

export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, index) => same(item, b[index]));
  if (isMap(a) && isMap(b)) {
    const keys = Object.keys(a);
    return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
  }
  return (a ?? null) === (b ?? null);
}
