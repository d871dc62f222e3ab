/**
 * A run's history as rows of a waterfall: calls and rounds of loops as groups, a bar from start to end for each step,
 * and a scale on which long waits are short, so that the milliseconds around a two-week trial stay visible.
 */

export interface TimelineStep {
  path: string;
  verb: string;
  action: string;
  step_id?: string | null;
  status: string;
  attempts: number;
  in_doubt?: boolean;
  started_at?: string | null;
  at?: string | null;
  retry_at?: string | null;
  seq: number;
}

export interface TimelineRun {
  status: string;
  outcome?: string | null;
  created_at: string;
  started_at?: string | null;
  finished_at?: string | null;
  failure?: { path?: string | null; kind: string } | null;
}

export interface Row<S extends TimelineStep = TimelineStep> {
  /** The step's path; groups without a recorded step have their own. */
  key: string;
  depth: number;
  title: string;
  detail: string;
  verb: string;
  status: string;
  /** Milliseconds since 1970; `to` is null while it runs. */
  from: number;
  to: number | null;
  attempts: number;
  /** Null for a group, and for the failure of a step that records nothing. */
  step: S | null;
  group: boolean;
}

interface Node<S extends TimelineStep> {
  key: string;
  label: string;
  step: S | null;
  children: Node<S>[];
}

const GROUPED = /^(call|do\[\d+\]|parallel(\..+)?)$/;
/** A step's index; `#2` marks an earlier attempt that a retry set aside. */
const NUMBER = /^\d+(#\d+)?$/;

/** "5.call.1.then.0" is ["5", ["call", "5.call.1"], …]: each step's path with the branch that leads to it. */
export function stagesOf(path: string): { label: string; path: string }[] {
  const stages: { label: string; path: string }[] = [];
  let label: string[] = [];
  let sofar: string[] = [];
  for (const part of path.split(".")) {
    sofar = [...sofar, part];
    if (NUMBER.test(part)) {
      stages.push({ label: label.join("."), path: sofar.join(".") });
      label = [];
    } else {
      label.push(part);
    }
  }
  return stages;
}

function roundName(label: string): string {
  const round = /^do\[(\d+)\]$/.exec(label);
  if (round) return `Round ${Number(round[1]) + 1}`;
  return label.startsWith("parallel.") ? label.slice("parallel.".length) : "";
}

/** What the workflow's document says of a step, by its path without rounds. */
export type Describe = (path: string) => { title: string | null; verb: string | null } | null;

export function rowsOf<S extends TimelineStep>(
  run: TimelineRun,
  steps: readonly S[],
  describe: Describe = () => null,
): Row<S>[] {
  const sorted = [...steps].sort((a, b) => millis(a.started_at) - millis(b.started_at) || a.seq - b.seq);
  const root: Node<S> = { key: "", label: "", step: null, children: [] };
  for (const step of sorted) place(root, step.path).step = step;
  const failed = run.failure?.path;
  const missing = failed !== undefined && failed !== null && !steps.some((step) => step.path === failed);
  if (missing) place(root, failed);

  const end = run.finished_at ? millis(run.finished_at) : null;
  const begin = millis(run.started_at ?? run.created_at);
  const rows: Row<S>[] = [];
  const visit = (node: Node<S>, depth: number): Row<S> => {
    const step = node.step;
    const at = rows.length;
    const description = describe(withoutRounds(node.key));
    const verb = step?.verb ?? (verbOfGroup(node) || description?.verb || "");
    const row: Row<S> = {
      key: node.key,
      depth,
      title: node.label || description?.title || step?.step_id || wordOf(verb),
      detail: step ? [step.verb, step.action].filter(Boolean).join(" ") : "",
      verb,
      status: step ? statusOf(step) : "failed",
      from: millis(step?.started_at, begin),
      to: step ? (step.at ? millis(step.at) : null) : end,
      attempts: step?.attempts ?? 1,
      step,
      group: node.children.length > 0,
    };
    rows.splice(at, 0, row);
    const inside = node.children.map((child) => visit(child, depth + 1));
    if (inside.length > 0 && !step) {
      row.from = Math.min(...inside.map((span) => span.from));
      row.to = inside.some((child) => child.to === null) ? null : Math.max(...inside.map((child) => child.to ?? 0));
      row.status = worst(inside.map((child) => child.status));
      row.detail = count(node);
    } else if (!step) {
      // A step that records nothing failed: it happened after all that is recorded.
      row.from = row.to = end ?? begin;
      row.detail = run.failure?.kind ?? "";
    }
    return row;
  };
  root.children.forEach((child) => visit(child, 0));
  return rows;
}

function place<S extends TimelineStep>(root: Node<S>, path: string): Node<S> {
  let parent = root;
  const stages = stagesOf(path);
  stages.forEach((stage, at) => {
    const last = at === stages.length - 1;
    const next = stages[at + 1];
    const name = roundName(stage.label);
    if (name) parent = child(parent, stage.path.split(".").slice(0, -1).join("."), name);
    // Branches that only choose (then, else, a case) have no row: their steps replace the choice.
    if (last || (next && GROUPED.test(next.label))) parent = child(parent, stage.path, "");
  });
  return parent;
}

function child<S extends TimelineStep>(parent: Node<S>, key: string, label: string): Node<S> {
  let child = parent.children.find((child) => child.key === key);
  if (!child) {
    child = { key, label, step: null, children: [] };
    parent.children.push(child);
  }
  return child;
}

const verbOfGroup = <S extends TimelineStep>(node: Node<S>): string => {
  const below = node.children[0]?.key.slice(node.key.length + 1) ?? "";
  return below.startsWith("call")
    ? "call"
    : below.startsWith("do")
      ? "for_each"
      : below.startsWith("parallel")
        ? "parallel"
        : "";
};
const count = <S extends TimelineStep>(node: Node<S>): string => {
  const total = (node: Node<S>): number =>
    (node.step ? 1 : 0) + node.children.reduce((sum, inner) => sum + total(inner), 0);
  const steps = total(node);
  return `${steps} ${steps === 1 ? "step" : "steps"}`;
};
const wordOf = (verb: string): string =>
  verb ? verb.charAt(0).toUpperCase() + verb.slice(1).replaceAll("_", " ") : "Step";
const withoutRounds = (path: string): string => path.replaceAll(/\[\d+\]|#\d+$/g, "");
const millis = (at: string | null | undefined, otherwise = 0): number => (at ? Date.parse(at) : otherwise);

function statusOf(step: TimelineStep): string {
  if (step.status === "started" && step.retry_at) return "retrying";
  return step.status;
}

const ORDER = ["superseded", "succeeded", "waiting", "retrying", "started", "failed"];
const worst = (statuses: string[]): string => statuses.reduce((a, b) => (ORDER.indexOf(b) > ORDER.indexOf(a) ? b : a));

export interface Break {
  /** Where on the scale, 0 to 1. */
  at: number;
  width: number;
  ms: number;
}

export interface Scale {
  from: number;
  to: number;
  /** A moment's place, 0 to 1. */
  place: (moment: number) => number;
  /** Waits that are drawn shorter than they were. */
  breaks: Break[];
}

const LONG = 5;
/** Milliseconds: what is shorter is work, and work is drawn as long as it took. */
const A_WAIT = 5000;
const SHARE = 0.3;

/** The scale of the rows at the moment `now`. A wait of more than five times all the rest is drawn short. */
export function scaleOf(run: TimelineRun, rows: readonly Pick<Row, "from" | "to">[], now: number): Scale {
  const from = Math.min(millis(run.created_at), ...rows.map((row) => row.from));
  const end = run.finished_at ? millis(run.finished_at) : now;
  const to = Math.max(from + 1, end, ...rows.map((row) => row.to ?? now));
  const marks = [...new Set([from, to, ...rows.flatMap((row) => [row.from, row.to ?? now])])].sort((a, b) => a - b);
  const spans = marks
    .slice(1)
    .map((mark, index) => ({ start: marks[index] ?? mark, ms: mark - (marks[index] ?? mark), weight: 0 }));
  spans.forEach((span) => (span.weight = span.ms));
  const bySize = [...spans].sort((a, b) => b.ms - a.ms);
  for (const span of bySize) {
    const rest = spans.reduce((sum, other) => sum + (other === span ? 0 : Math.min(other.weight, other.ms)), 0);
    if (span.ms < A_WAIT || span.ms <= LONG * rest || rest === 0) break;
    span.weight = -1;
  }
  const covered = spans.filter((span) => span.weight >= 0).reduce((sum, span) => sum + span.weight, 0);
  spans.filter((span) => span.weight < 0).forEach((span) => (span.weight = SHARE * covered));
  const total = spans.reduce((sum, span) => sum + span.weight, 0) || 1;

  let sofar = 0;
  const placed = spans.map((span) => {
    const at = sofar / total;
    sofar += span.weight;
    return { ...span, at, width: span.weight / total };
  });
  const place = (moment: number): number => {
    if (moment <= from) return 0;
    if (moment >= to) return 1;
    const span = placed.findLast((item) => item.start <= moment);
    return span ? span.at + (span.ms ? ((moment - span.start) / span.ms) * span.width : 0) : 0;
  };
  const breaks = placed.filter((span) => span.weight < span.ms * 0.99).map(({ at, width, ms }) => ({ at, width, ms }));
  return { from, to, place, breaks };
}
