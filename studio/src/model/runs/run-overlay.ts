/** A run or a test run laid over the canvas: which steps ran, how they ended, how long they took. */
import type { Branch, Flow, Step } from "@/model/graph/graph";
import { runPath, withoutRounds } from "@/model/document/path";

/** One entry of a run's steps, as runs and test runs give them. */
export interface TraceStep {
  path: string;
  status: string;
  /** Milliseconds, when known. */
  ms?: number | null;
}

export interface StepMark {
  status: string;
  ms: number | null;
  /** How often it was done: more than once inside a loop. */
  times: number;
}

export interface Overlay {
  marks: ReadonlyMap<string, StepMark>;
  /** Keys of the steps, branches and triggers on the way the run took. */
  lit: ReadonlySet<string>;
}

const WORST = ["skipped", "succeeded", "filtered", "running", "waiting", "retrying", "canceled", "refused", "failed"];
const worse = (a: string, b: string): string => (WORST.indexOf(b) > WORST.indexOf(a) ? b : a);

/** taken: run paths of branches that were entered, so that empty ones are lit as well. */
export function overlayOf(
  flow: Flow,
  trace: readonly TraceStep[],
  options: { taken?: readonly string[]; trigger?: number } = {},
): Overlay {
  const byRun = new Map<string, StepMark>();
  for (const entry of trace) {
    const at = withoutRounds(entry.path);
    const known = byRun.get(at);
    byRun.set(at, {
      status: known === undefined ? entry.status : worse(known.status, entry.status),
      ms: known === undefined ? (entry.ms ?? null) : sum(known.ms, entry.ms ?? null),
      times: (known?.times ?? 0) + 1,
    });
  }
  const ran = [...byRun].filter(([, mark]) => mark.status !== "skipped").map(([path]) => path);
  const takenPaths = new Set((options.taken ?? []).map(withoutRounds));
  const marks = new Map<string, StepMark>();
  const lit = new Set<string>();
  const inside = (head: string) =>
    ran.some((path) => path.startsWith(`${head}.`)) ||
    [...takenPaths].some((path) => path === head || path.startsWith(`${head}.`));

  const visit = (step: Step): boolean => {
    const mark = byRun.get(step.run);
    if (mark !== undefined) marks.set(step.key, mark);
    let own = mark !== undefined && mark.status !== "skipped";
    for (const branch of step.branches) own = enter(branch) || own;
    if (own) lit.add(step.key);
    return own;
  };
  const enter = (branch: Branch): boolean => {
    let any = inside(runPath(branch.path).replace(/\.do$/, (end) => (clause(branch) ? "" : end)));
    for (const step of branch.steps) any = visit(step) || any;
    if (any) lit.add(branch.key);
    return any;
  };
  enter(flow.main);
  enter(flow.onError);
  const trigger = flow.triggers[options.trigger ?? 0];
  if (ran.length > 0 && trigger !== undefined) lit.add(trigger.key);
  return { marks, lit };
}

const clause = (branch: Branch): boolean =>
  ["cases", "catch"].includes(String(branch.path.at(-3))) && branch.path.at(-1) === "do";

const sum = (a: number | null, b: number | null): number | null =>
  a === null && b === null ? null : (a ?? 0) + (b ?? 0);
