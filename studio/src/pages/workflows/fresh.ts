/** The text of a new workflow. Pure. */

export const STARTS = [
  { kind: "stripe", label: "An event from Stripe" },
  { kind: "api", label: "A call from a page or a program" },
  { kind: "schedule", label: "A time of day" },
  { kind: "called", label: "Another workflow" },
  { kind: "manual", label: "A person, by hand" },
] as const;

export type StartKind = (typeof STARTS)[number]["kind"];

/** "Refund an order!" is "refund-an-order": a file name and a part of addresses. */
export function idOf(name: string): string {
  return name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 60);
}

const TRIGGERS: Record<StartKind, (id: string) => string> = {
  stripe: () => "on:\n  stripe: checkout.session\n  actions: [completed]\n",
  api: (id) => `on:\n  api: POST /${id}\n  auth: user\n`,
  schedule: () => 'on:\n  schedule: "0 3 * * *"\n',
  called: () => "on: {called: true}\n",
  manual: () => "on:\n  manual: true\n  auth: [admin]\n",
};

/** A workflow that loads and does nothing yet but say that it ran. */
export function textOf(name: string, id: string, start: StartKind): string {
  return `name: ${JSON.stringify(name)}\n${TRIGGERS[start](id)}\nsteps:\n  - log: it ran\n`;
}
