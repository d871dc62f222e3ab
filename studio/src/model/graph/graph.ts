/** A document as the canvas shows it: triggers, steps, and inside some steps branches with further steps. */
import { isMap, type Path, pathKey, runPath } from "@/model/document/path";
import { bare, detail, target, verbInfo, type VerbKind, verbOf } from "@/model/document/verbs";

export interface TriggerItem {
  key: string;
  path: Path;
  kind: string;
  title: string;
  detail: string;
}

export interface Step {
  key: string;
  path: Path;
  /** Its place as runs write it. */
  run: string;
  verb: string | null;
  kind: VerbKind;
  id: string | null;
  name: string | null;
  title: string;
  detail: string;
  when: string | null;
  branches: Branch[];
  /** How a further branch may be added: a named case, a condition, a catch clause; null when the step has none. */
  adds: "case" | "condition" | "branch" | "catch" | null;
  /** The steps after it don't run. */
  ends: boolean;
}

export interface Branch {
  key: string;
  /** The list of its steps; it may not be in the file yet. */
  path: Path;
  exists: boolean;
  label: string;
  tone: "plain" | "bad" | "muted";
  /** `stop` or `raise` of a switch without default steps. */
  word: string | null;
  /** What taking the branch away removes; null when it belongs to the step. */
  removes: Path | null;
  /** The key or the condition the label shows, when it can be changed in place. */
  renames: { path: Path; kind: "key" | "value" } | null;
  steps: Step[];
}

export interface Flow {
  triggers: TriggerItem[];
  main: Branch;
  onError: Branch;
}

export function flowOf(data: Record<string, unknown>): Flow {
  const on = data["on"];
  const triggers = Array.isArray(on)
    ? on.map((trigger, at) => triggerOf(trigger, ["on", at]))
    : [triggerOf(on, ["on"])];
  return {
    triggers,
    main: branchOf(["steps"], data["steps"], "steps"),
    onError: branchOf(["on_error"], data["on_error"], "when the run fails", { tone: "bad" }),
  };
}

const TRIGGER_KINDS = ["api", "stripe", "schedule", "manual", "called", "table"];

function triggerOf(value: unknown, path: Path): TriggerItem {
  const trigger = isMap(value) ? value : {};
  const kind = TRIGGER_KINDS.find((kind) => kind in trigger) ?? "none";
  return { key: pathKey(path), path, kind, ...triggerWords(kind, trigger) };
}

function triggerWords(kind: string, trigger: Record<string, unknown>): { title: string; detail: string } {
  const text = (name: string) => (trigger[name] === undefined ? "" : bare(trigger[name]));
  const list = (name: string) =>
    Array.isArray(trigger[name]) ? (trigger[name] as unknown[]).map(String).join(", ") : text(name);
  const parts = (...all: string[]) => all.filter(Boolean).join(" · ");
  switch (kind) {
    case "api":
      return {
        title: text("api"),
        detail: parts(`auth ${list("auth") || "missing"}`, text("dedupe") && `dedupe ${text("dedupe")}`),
      };
    case "stripe":
      return { title: text("stripe"), detail: parts(list("actions") || "every action", text("match")) };
    case "schedule":
      return { title: `schedule ${text("schedule")}`, detail: text("timezone") || "UTC" };
    case "manual":
      return { title: "started by hand", detail: `auth ${list("auth") || "user"}` };
    case "called":
      return { title: "called by a workflow", detail: "" };
    case "table":
      return { title: `table ${text("table")}`, detail: parts(list("on"), text("match")) };
    default:
      return { title: "no trigger yet", detail: "choose what starts this workflow" };
  }
}

interface Extra {
  tone?: Branch["tone"];
  removes?: Path;
  renames?: Branch["renames"];
}

function branchOf(path: Path, value: unknown, label: string, extra: Extra = {}): Branch {
  const items = Array.isArray(value) ? value : [];
  return {
    key: pathKey(path),
    path,
    exists: Array.isArray(value),
    label,
    tone: extra.tone ?? "plain",
    word: typeof value === "string" ? value : null,
    removes: extra.removes ?? null,
    renames: extra.renames ?? null,
    steps: items.map((item, at) => stepOf(item, [...path, at])),
  };
}

function stepOf(value: unknown, path: Path): Step {
  const step = isMap(value) ? value : {};
  const verb = verbOf(step);
  const id = typeof step["id"] === "string" ? step["id"] : null;
  const name = typeof step["name"] === "string" ? step["name"] : null;
  const branches = verb === null ? [] : branchesOf(verb, step, path);
  if (Array.isArray(step["on_error"])) {
    const at: Path = [...path, "on_error"];
    branches.push(branchOf(at, step["on_error"], "on error", { tone: "bad", removes: at }));
  }
  const ends = verb === "return" || verb === "raise" || (step["when"] === undefined && allEnd(verb, branches));
  return {
    key: pathKey(path),
    path,
    run: runPath(path),
    verb,
    kind: verbInfo(verb)?.kind ?? "value",
    id,
    name,
    title: verb === null ? "no verb yet" : target(verb, step),
    detail: verb === null ? "choose what this step does" : detail(verb, step),
    when: step["when"] === undefined ? null : bare(step["when"]),
    branches,
    adds: addsOf(verb, step),
    ends: ends && step["when"] === undefined,
  };
}

function allEnd(verb: string | null, branches: Branch[]): boolean {
  if (verb !== "if" && verb !== "switch") return false;
  return (
    branches.length > 0 && branches.every((branch) => branch.word !== null || (branch.steps.at(-1)?.ends ?? false))
  );
}

function addsOf(verb: string | null, step: Record<string, unknown>): Step["adds"] {
  if (verb === "switch") return Array.isArray(step["cases"]) ? "condition" : "case";
  if (verb === "parallel") return "branch";
  if (verb === "try") return "catch";
  return null;
}

function branchesOf(verb: string, step: Record<string, unknown>, path: Path): Branch[] {
  const list = (key: string, label: string, extra: Extra = {}) => branchOf([...path, key], step[key], label, extra);
  const optional = (key: string, label: string, extra: Extra = {}) =>
    list(key, label, step[key] === undefined ? extra : { ...extra, removes: [...path, key] });
  switch (verb) {
    case "if":
      return [list("then", "then"), optional("else", "else", { tone: "muted" })];
    case "switch":
      return [...casesOf(step["cases"], path), list("default", "otherwise", { tone: "muted" })];
    case "for_each":
      return [list("do", "for each item")];
    case "while":
      return [list("do", "as long as it holds")];
    case "try":
      return [
        list("try", "try"),
        ...catchesOf(step["catch"], path),
        ...(step["finally"] === undefined ? [] : [optional("finally", "finally")]),
      ];
    case "parallel":
      return Object.entries(isMap(step["parallel"]) ? step["parallel"] : {}).map(([name, steps]) =>
        keyed([...path, "parallel", name], name, steps),
      );
    case "approve":
      return [
        list("then", "approved"),
        optional("else", "refused", { tone: "bad" }),
        optional("on_timeout", "no answer in time", { tone: "muted" }),
      ];
    default:
      return [];
  }
}

function keyed(path: Path, label: string, steps: unknown): Branch {
  return branchOf(path, steps, label, { removes: path, renames: { path, kind: "key" } });
}

function casesOf(cases: unknown, path: Path): Branch[] {
  if (Array.isArray(cases)) {
    return cases.map((entry, at) => {
      const here: Path = [...path, "cases", at];
      const clause = isMap(entry) ? entry : {};
      return branchOf([...here, "do"], clause["do"], bare(clause["when"]), {
        removes: here,
        renames: { path: [...here, "when"], kind: "value" },
      });
    });
  }
  return Object.entries(isMap(cases) ? cases : {}).map(([name, steps]) => keyed([...path, "cases", name], name, steps));
}

function catchesOf(value: unknown, path: Path): Branch[] {
  const items = Array.isArray(value) ? value : [];
  const clauses = items.length > 0 && items.every((item) => isMap(item) && "do" in item && verbOf(item) === null);
  if (!clauses) return [branchOf([...path, "catch"], value, "catch every error", { tone: "bad" })];
  return items.map((item: Record<string, unknown>, at) => {
    const errors = Array.isArray(item["errors"]) ? item["errors"].join(", ") : bare(item["errors"]);
    const here: Path = [...path, "catch", at];
    return branchOf([...here, "do"], item["do"], errors === "" ? "catch every error" : `catch ${errors}`, {
      tone: "bad",
      removes: here,
    });
  });
}

/** Every step, at any depth, in reading order. */
export function* stepsOf(flow: Flow): Generator<Step> {
  yield* inBranch(flow.main);
  yield* inBranch(flow.onError);
}

function* inBranch(branch: Branch): Generator<Step> {
  for (const step of branch.steps) {
    yield step;
    for (const inner of step.branches) yield* inBranch(inner);
  }
}
