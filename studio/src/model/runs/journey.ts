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

/** How the inputs of workflows call an object of Stripe, by its kind on the timeline. */
const NAMES: Record<string, readonly string[]> = {
  intent: ["payment_intent", "payment_intent_id"],
  charge: ["charge", "charge_id"],
  session: ["session_id", "checkout_session_id"],
  subscription: ["subscription", "subscription_id"],
  invoice: ["invoice", "invoice_id"],
  customer: ["customer", "customer_id"],
  refund: ["refund", "refund_id"],
  dispute: ["dispute", "dispute_id"],
};

/** What a timeline knows, by the names that workflows give it. What there is two of is unknown, unless it is the subject. */
export function knownIds(
  subject: string,
  entries: readonly (Entry & { currency: string | null })[],
): Record<string, string> {
  const known = new Map<string, Set<string>>();
  const add = (name: string, value: string) => known.set(name, (known.get(name) ?? new Set()).add(value));
  for (const { kind, id, currency } of entries) {
    const [table, key] = id.split("/");
    const row = (kind === "order" || kind === "row") && table !== undefined && key !== undefined;
    const names = row ? [`${table.replace(/s$/, "")}_id`] : (NAMES[kind] ?? []);
    for (const name of names) add(name, row ? key : id);
    if (currency) add("currency", currency);
  }
  const ids: Record<string, string> = {};
  for (const [name, values] of known) {
    const only = values.size === 1 ? [...values][0] : undefined;
    const value = values.has(subject) ? subject : only;
    if (value !== undefined) ids[name] = value;
  }
  return ids;
}
