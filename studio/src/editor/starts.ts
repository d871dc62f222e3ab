/** What a new workflow can begin with: a trigger, and just enough around it to be published at once. */

export interface Start {
  key: string;
  label: string;
  doc: string;
  on: string;
  /** What stands between the trigger and the steps. */
  input?: string;
  steps: string;
}

export const STARTS: readonly Start[] = [
  {
    key: "api",
    label: "A request",
    doc: "Your site or app calls an endpoint and gets an answer.",
    on: "  api: POST /{id}\n  auth: user                        # none | optional | user | role names",
    input: "input: {}\n",
    steps: "  - return: {ok: true}\n",
  },
  {
    key: "stripe",
    label: "A Stripe event",
    doc: "Stripe tells that something happened: a payment, a refund, a subscription.",
    on: "  stripe: payment_intent\n  actions: [succeeded]",
    steps: "  - log: Payment ${{ object.id }} succeeded\n",
  },
  {
    key: "schedule",
    label: "A time",
    doc: "Every day at seven, every Monday, the first of the month.",
    on: "  schedule: '0 7 * * *'             # minute hour day month weekday\n  timezone: UTC",
    steps: "  - log: Good morning\n",
  },
  {
    key: "manual",
    label: "A person",
    doc: "Somebody starts it in the studio or on the command line.",
    on: "  manual: true\n  auth: [admin]",
    steps: "  - log: Started by hand\n",
  },
  {
    key: "called",
    label: "Another workflow",
    doc: "A part that several workflows share; they call it.",
    on: "  called: true",
    input: "input: {}\n",
    steps: "  - return: null\n",
  },
];

const PLAIN = /^[A-Za-z][A-Za-z0-9 ,.()/-]*$/;

export function startText(start: Start, id: string, name: string): string {
  const quoted = PLAIN.test(name) ? name : JSON.stringify(name);
  const last = id.split("/").at(-1) ?? id;
  return `name: ${quoted}\non:\n${start.on.replace("{id}", last)}\n${start.input ?? ""}\nsteps:\n${start.steps}`;
}

/** `Refund an order` is kept in `refund-an-order.yaml`. */
export function idOf(name: string): string {
  return name
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+|-+$/g, "")
    .slice(0, 60);
}

export function idTrouble(id: string, taken: readonly string[]): string | null {
  if (id === "") return null;
  if (id === "new") return "This name is taken by the page you are on.";
  if (taken.includes(id)) return "There is a workflow of this name already.";
  if (!/^[a-z][a-z0-9_-]*(\/[a-z][a-z0-9_-]*)*$/.test(id)) return "Small letters, digits, - and _; a / makes a folder. It begins with a letter.";
  return null;
}
