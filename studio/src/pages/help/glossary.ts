/** What the words of the studio mean. Docs, API and studio use the same words. */
export interface Term {
  term: string;
  meaning: string;
}

export const GLOSSARY: readonly Term[] = [
  { term: "Workflow", meaning: "A YAML file (or a Python function) with triggers and steps." },
  { term: "Trigger", meaning: "What starts a run: a request, a Stripe event, a schedule, a row, a person, or a call." },
  { term: "Version", meaning: "An unchangeable state of a workflow. A run stays on the version that it started with." },
  { term: "Publish", meaning: "Make the files the version for new runs." },
  { term: "Roll back", meaning: "Publish an older version again." },
  { term: "Run", meaning: "One execution of one version of a workflow." },
  { term: "Step", meaning: "One action of a workflow. Its verb says what it does." },
  { term: "Attempt", meaning: "One try of a step. Failed attempts are retried as the step says." },
  { term: "Retry", meaning: "Another attempt of the failed step, in the same run and with the same idempotency key." },
  {
    term: "Rerun",
    meaning: "A new run from an old one, from the start or from a step, with the same or different input.",
  },
  { term: "Replay", meaning: "Start new runs for a stored event, on the current versions." },
  { term: "Resolved", meaning: "A failed run that needs nobody any more: a rerun succeeded, or a person marked it." },
  { term: "Event", meaning: "A message of Stripe about a change of one of its objects." },
  { term: "Rejected", meaning: "A webhook request that failed verification. It starts no run." },
  { term: "Catch up", meaning: "Fetch the events that Stripe has and Payloom missed." },
  { term: "Parked", meaning: "A run that waits for a row that doesn't exist yet." },
  { term: "Blocked", meaning: "A run that waits for an earlier run of the same object." },
  { term: "Skipped by filter", meaning: "A run that a filter step stopped, without an error." },
  { term: "In doubt", meaning: "The result of an external call isn't known, and needs a manual review." },
  { term: "Idempotency key", meaning: "The key of a call to Stripe: calls with the same key have one effect." },
  { term: "Fast lane", meaning: "The run is part of the transaction that stores the event. It has no external calls." },
  { term: "Durable lane", meaning: "A worker executes the run step by step, and stores the result of each step." },
  { term: "Local Stripe", meaning: "Payloom's Stripe emulator, for development without an account or a network." },
];
