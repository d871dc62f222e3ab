/** Results of a dry run, grouped: events that end the same way with the same difference are one group. Pure. */

export interface DryEvent {
  event: string;
  type: string;
  draft: { ended: string | null };
  recorded: { ended: string | null };
  difference: string[];
}

export interface DryGroup<E extends DryEvent> {
  /** `failed: no such row → succeeded`, or that nothing differs. */
  title: string;
  differs: boolean;
  /** The lines that differ, the same for all events of the group. */
  difference: string[];
  events: E[];
}

const words = (ended: string | null): string => ended ?? "not started";

function titleOf({ draft, recorded, difference }: DryEvent): string {
  if (difference.length === 0)
    return draft.ended === null ? "Not started, as before" : `The same: ${words(draft.ended)}`;
  if (draft.ended === recorded.ended) return `${words(draft.ended)}, with different steps`;
  return `${words(recorded.ended)} → ${words(draft.ended)}`;
}

/** What differs first, the largest group first. */
export function groupsOf<E extends DryEvent>(events: readonly E[]): DryGroup<E>[] {
  const groups = new Map<string, DryGroup<E>>();
  for (const event of events) {
    const title = titleOf(event);
    const key = JSON.stringify([title, event.difference]);
    const group = groups.get(key);
    if (group) group.events.push(event);
    else
      groups.set(key, { title, differs: event.difference.length > 0, difference: event.difference, events: [event] });
  }
  return [...groups.values()].sort(
    (a, b) => Number(b.differs) - Number(a.differs) || b.events.length - a.events.length,
  );
}
