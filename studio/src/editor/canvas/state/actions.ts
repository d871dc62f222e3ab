/** What can be done with steps, by mouse, key or menu: each is one entry of the history. */
import { toast } from "@/ui/overlays/toast-store";
import { stepsAsText, stepsOfText } from "@/model/editing/clipboard";
import { flowOf, stepsOf } from "@/model/graph/graph";
import { named } from "@/model/graph/layout";
import {
  addBranch,
  areTogether,
  duplicateStep,
  insertSteps,
  moveSteps,
  outermost,
  removeSteps,
  type Target,
  wrapSteps,
} from "@/model/editing/operations";
import { type Path, pathKey, pathOfKey, samePath, valueAt } from "@/model/document/path";
import { useEditor } from "@/editor/document/store";
import { useCanvas } from "./state";

type Data = Record<string, unknown>;

const data = (): Data | null => useEditor.getState().document?.data ?? null;

export const isStep = (path: Path | null): path is Path =>
  path !== null && typeof path.at(-1) === "number" && path[0] !== "on";

/** The selected steps, the first one first; triggers and the like are none. */
export function selectedSteps(): Path[] {
  const { selected, marked } = useEditor.getState();
  return outermost([...(selected === null ? [] : [selected]), ...marked].filter(isStep));
}

/** What a path is called in a label: `refund`, `stripe refunds.create`, `3 steps`. */
export function calledSteps(paths: readonly Path[]): string {
  const [only] = paths;
  const shownData = data();
  if (paths.length !== 1 || only === undefined || shownData === null) return `${paths.length} steps`;
  const step = [...stepsOf(flowOf(shownData))].find((step) => step.key === pathKey(only));
  return step === undefined ? "step" : named(step);
}

/** Behind the selected step; at the end of the workflow when nothing is selected. */
export function placeForNew(): Target {
  const [last] = selectedSteps().slice(-1);
  if (last !== undefined) return { list: last.slice(0, -1), index: (last.at(-1) as number) + 1 };
  const { selected } = useEditor.getState();
  if (selected?.[0] === "on") return { list: ["steps"], index: 0 };
  const steps = valueAt(data(), ["steps"]);
  return { list: ["steps"], index: Array.isArray(steps) ? steps.length : 0 };
}

export function openCatalog(target: Target = placeForNew()): void {
  if (useEditor.getState().readOnly === null) useCanvas.setState({ adding: target, opener: document.activeElement });
}

export async function insert(target: Target, steps: readonly unknown[], label: string): Promise<boolean> {
  const shownData = data();
  if (shownData === null) return false;
  return useEditor.getState().apply(insertSteps(shownData, target, steps), label, [...target.list, target.index]);
}

/** Beside the triggers there are; the first one takes the place of an empty `on`. */
export async function addTrigger(trigger: Record<string, unknown>): Promise<boolean> {
  const shownData = data();
  if (shownData === null) return false;
  const on = shownData["on"];
  const { apply } = useEditor.getState();
  if (Array.isArray(on))
    return apply([{ op: "insert", path: ["on", on.length], value: trigger }], "Add a trigger", ["on", on.length]);
  const first = typeof on !== "object" || on === null || Object.keys(on).length === 0;
  return apply(
    [{ op: "set", path: ["on"], value: first ? trigger : [on, trigger] }],
    "Add a trigger",
    first ? ["on"] : ["on", 1],
  );
}

/** The selected trigger, when no step is selected. */
export function selectedTrigger(): Path | null {
  const { selected } = useEditor.getState();
  if (selected?.[0] !== "on") return null;
  return Array.isArray(valueAt(data(), ["on"])) ? (selected.length > 1 ? selected.slice(0, 2) : null) : ["on"];
}

/** Of several triggers one is taken out; the only one leaves an empty `on`, which the next one fills. */
async function removeTrigger(path: Path): Promise<void> {
  const all = valueAt(data(), ["on"]);
  const several = Array.isArray(all) && all.length > 1;
  await useEditor
    .getState()
    .apply([several ? { op: "remove", path } : { op: "set", path: ["on"], value: {} }], "Delete a trigger", null);
}

export async function remove(paths: Path[] = selectedSteps()): Promise<void> {
  const first = paths[0];
  if (first === undefined) {
    const trigger = selectedTrigger();
    if (trigger !== null) await removeTrigger(trigger);
    return;
  }
  const list = valueAt(data(), first.slice(0, -1));
  const index = first.at(-1) as number;
  const left = Array.isArray(list)
    ? list.length - paths.filter((path) => samePath(path.slice(0, -1), first.slice(0, -1))).length
    : 0;
  const next =
    left === 0
      ? isStep(first.slice(0, -2))
        ? first.slice(0, -2)
        : null
      : [...first.slice(0, -1), Math.min(index, left - 1)];
  await useEditor.getState().apply(removeSteps(paths), `Delete ${calledSteps(paths)}`, next);
}

export async function duplicate(): Promise<void> {
  const [path] = selectedSteps().slice(-1);
  const shownData = data();
  if (path === undefined || shownData === null) return;
  await useEditor
    .getState()
    .apply(duplicateStep(shownData, path), `Duplicate ${calledSteps([path])}`, [
      ...path.slice(0, -1),
      (path.at(-1) as number) + 1,
    ]);
}

export async function move(paths: readonly Path[], target: Target): Promise<boolean> {
  const shownData = data();
  if (shownData === null) return false;
  const operations = moveSteps(shownData, paths, target);
  if (operations.length === 0) return false;
  return useEditor.getState().apply(operations, `Move ${calledSteps(paths)}`, "result");
}

/** One place up or down in its own list. */
export function moveBy(by: -1 | 1): void {
  const paths = selectedSteps();
  const [first] = paths;
  const last = paths.at(-1);
  if (first === undefined || last === undefined || !areTogether(paths)) return;
  const index = by < 0 ? (first.at(-1) as number) - 1 : (last.at(-1) as number) + 2;
  if (index >= 0) void move(paths, { list: first.slice(0, -1), index });
}

export async function wrap(verb: string): Promise<void> {
  const paths = selectedSteps();
  const operations = wrapSteps(paths, verb);
  if (operations.length === 0) {
    toast({ tone: "bad", title: "Only adjacent steps can be wrapped." });
    return;
  }
  await useEditor.getState().apply(operations, `Wrap ${calledSteps(paths)} in ${verb}`, paths[0] ?? null);
}

/** Puts a step's inner steps in its place. */
export async function unwrap(path: Path, key: string): Promise<void> {
  await useEditor.getState().apply([{ op: "unwrap", path, key }], `Unwrap ${calledSteps([path])}`, path);
}

export async function newBranch(path: Path, name: string): Promise<boolean> {
  const shownData = data();
  return shownData !== null && useEditor.getState().apply(addBranch(shownData, path, name), "Add a branch", path);
}

export async function removeBranch(path: Path, owner: Path | null): Promise<void> {
  await useEditor.getState().apply([{ op: "remove", path }], "Remove a branch", owner);
}

export async function renameBranch(renames: { path: Path; kind: "key" | "value" }, name: string): Promise<boolean> {
  const { apply } = useEditor.getState();
  if (renames.kind === "value") return apply([{ op: "set", path: renames.path, value: name }], "Change a condition");
  return apply([{ op: "rename_key", path: renames.path, to: name }], "Rename a branch");
}

// ------------------------------------------------------------------ clipboard

/** The selected steps as YAML; null when none is selected. */
export function copied(): string | null {
  const { document, text } = useEditor.getState();
  const paths = selectedSteps();
  return document === null || paths.length === 0 ? null : stepsAsText(document, text, paths);
}

export async function paste(text: string): Promise<void> {
  const { steps, problem } = stepsOfText(text);
  if (problem !== null)
    toast({ tone: "bad", title: problem, detail: "Copy steps on a canvas, or a list of steps as YAML." });
  else await insert(placeForNew(), steps, steps.length === 1 ? "Paste a step" : `Paste ${steps.length} steps`);
}

export async function copyToClipboard(): Promise<void> {
  const text = copied();
  if (text === null) return;
  try {
    await navigator.clipboard.writeText(text);
    toast({ title: "Copied as YAML" });
  } catch {
    toast({ tone: "bad", title: "The browser didn't allow copying.", detail: "Use ⌘C or Ctrl+C on the canvas." });
  }
}

export async function pasteFromClipboard(): Promise<void> {
  try {
    await paste(await navigator.clipboard.readText());
  } catch {
    toast({
      tone: "bad",
      title: "The browser didn't allow reading the clipboard.",
      detail: "Use ⌘V or Ctrl+V on the canvas.",
    });
  }
}

/** Select by key, with ⌘ or ⇧ beside what is selected already. */
export function pick(key: string, more: boolean): void {
  const { selected, marked, select } = useEditor.getState();
  const path = pathOfKey(key);
  if (!more || selected === null || !isStep(path)) {
    select(path);
    return;
  }
  const all = [selected, ...marked].filter(isStep);
  if (all.some((entry) => samePath(entry, path))) {
    const rest = all.filter((entry) => !samePath(entry, path));
    select(rest[0] ?? null, rest.slice(1));
  } else {
    select(path, all);
  }
}
