/** Folds what has to do with a payment into days on one line of time. Pure. */

export interface Entry {
  at: string;
  kind: string;
  id: string;
  title: string;
}

export interface Day<E extends Entry> {
  /** Midnight of the day in local time, in milliseconds. */
  day: number;
  entries: E[];
}

/** Oldest first; entries of one moment keep the order the server gave them (cause before effect). */
export function byDay<E extends Entry>(entries: readonly E[]): Day<E>[] {
  const sorted = entries.map((entry, index) => ({ entry, index, at: Date.parse(entry.at) }));
  sorted.sort((a, b) => a.at - b.at || a.index - b.index);
  const days: Day<E>[] = [];
  for (const { entry, at } of sorted) {
    const day = new Date(at).setHours(0, 0, 0, 0);
    const last = days.at(-1);
    if (last && last.day === day) last.entries.push(entry);
    else days.push({ day, entries: [entry] });
  }
  return days;
}

/** How often each kind occurs, in the order in which kinds first appear. */
export function kindsOf(entries: readonly Entry[]): [kind: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { kind } of entries) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts];
}
