/** The text of a new workflow. Pure. */

export const STARTS = [
  { kind: "stripe", label: "An event from Stripe" },
  { kind: "api", label: "A call from a page or a program" },
  { kind: "schedule", label: "A time of day" },
  { kind: "called", label: "Another workflow" },
  { kind: "manual", label: "A person, by hand" },
] as const;

/** Who can call a new endpoint: the `auth` of its trigger. */
export const CALLERS = [
  {
    auth: "user",
    label: "People who are signed in",
    hint: "Guests are refused, also when they press a Pay button.",
  },
  {
    auth: "optional",
    label: "Anyone, with or without an account",
    hint: "For a Pay button that guests use. Each caller gets 20 requests a minute.",
  },
] as const;

export type Callers = (typeof CALLERS)[number]["auth"];

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

const TRIGGERS: Record<StartKind, (id: string, callers: Callers) => string> = {
  stripe: () => "on:\n  stripe: checkout.session\n  actions: [completed]\n",
  api: (id, callers) =>
    `on:\n  api: POST /${id}\n  auth: ${callers}\n${callers === "user" ? "" : "  rate_limit: 20/m\n"}`,
  schedule: () => 'on:\n  schedule: "0 3 * * *"\n',
  called: () => "on: {called: true}\n",
  manual: () => "on:\n  manual: true\n  auth: [admin]\n",
};

/** A workflow that loads and does nothing yet but say that it ran. */
export function textOf(name: string, id: string, start: StartKind, callers: Callers = "user"): string {
  return `name: ${JSON.stringify(name)}\n${TRIGGERS[start](id, callers)}\nsteps:\n  - log: it ran\n`;
}
