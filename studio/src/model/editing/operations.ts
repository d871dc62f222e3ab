/** What a drag, an insert, a delete or a paste becomes as operations on the document. Pure; the server carries them out. */
import type { Operation } from "@/api/editor";
import type { PlaceItem } from "@/model/graph/layout";
import { isMap, type Path, samePath, startsWith, valueAt } from "@/model/document/path";
import { BARE_KEYS, ROW_NAMES, STEP_LIST_KEYS, STEP_MAP_KEYS } from "@/model/document/language";
import { verbOf } from "@/model/document/verbs";

type Data = Record<string, unknown>;
export type Target = Pick<PlaceItem, "list" | "index">;

const listOf = (data: Data, path: Path): unknown[] => {
  const value = valueAt(data, path);
  return Array.isArray(value) ? value : [];
};

/** A switch's `default: stop` is no list: it becomes one before the first step goes in. */
function opening(data: Data, target: Target): Operation[] {
  const value = valueAt(data, target.list);
  return value === undefined || Array.isArray(value) ? [] : [{ op: "set", path: target.list, value: [] }];
}

/** Put steps at a place, the first one first. */
export function insertSteps(data: Data, target: Target, steps: readonly unknown[]): Operation[] {
  const fresh = freshIds(steps, takenIds(data));
  if (valueAt(data, target.list) !== undefined && !Array.isArray(valueAt(data, target.list))) {
    return [{ op: "set", path: target.list, value: fresh }];
  }
  const index = Math.min(target.index, listOf(data, target.list).length);
  return fresh.map((value, at) => ({ op: "insert", path: [...target.list, index + at], value }));
}

/** Places in reading order, without those inside another of them. */
export function outermost(paths: readonly Path[]): Path[] {
  const outer = paths.filter(
    (path, at) =>
      !paths.some(
        (other, index) =>
          (index < at && samePath(other, path)) || (other.length < path.length && startsWith(path, other)),
      ),
  );
  return outer.sort(inOrder);
}

export function inOrder(a: Path, b: Path): number {
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const [x, y] = [a[at], b[at]];
    if (x === y) continue;
    return typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y));
  }
  return a.length - b.length;
}

/** From the last to the first, so that the places of the others stay true. */
export function removeSteps(paths: readonly Path[]): Operation[] {
  return outermost(paths)
    .reverse()
    .map((path) => ({ op: "remove", path }));
}

/** Whether dropping the steps there would change anything, and is possible at all. */
export function canMove(paths: readonly Path[], target: Target): boolean {
  const moved = outermost(paths);
  if (moved.length === 0 || moved.some((path) => startsWith(target.list, path))) return false;
  const indices = moved.map((path) => (samePath(path.slice(0, -1), target.list) ? (path.at(-1) as number) : -1));
  const first = indices[0] ?? -1;
  const together = indices.every((index, at) => index >= 0 && index === first + at);
  return !(together && target.index >= first && target.index <= first + moved.length);
}

/** Move steps to a place, in reading order. The paths of an operation are those after the operations before it. */
export function moveSteps(data: Data, paths: readonly Path[], target: Target): Operation[] {
  if (!canMove(paths, target)) return [];
  const copy = structuredClone(data);
  const moved = outermost(paths).map((path) => valueAt(copy, path));
  const anchor = listOf(copy, target.list)
    .slice(target.index)
    .find((path) => !moved.includes(path));
  const owner = ownerOf(copy, target.list);
  const operations = opening(copy, target);
  for (const step of moved) {
    const from = placeOf(copy, step);
    const list = owner === null ? target.list : [...(placeOf(copy, owner.holder) ?? []), ...owner.rest];
    if (from === null) continue;
    const into = listOf(copy, list);
    const index = anchor === undefined ? into.length : into.indexOf(anchor);
    operations.push({ op: "move", path: from, to: [...list, index] });
    relocate(copy, step, from, list, index);
  }
  return operations;
}

/** The step that contains a list, to find the list again after its step moved up or down. */
function ownerOf(data: Data, list: Path): { holder: unknown; rest: Path } | null {
  for (let length = list.length - 1; length > 0; length -= 1) {
    const value = valueAt(data, list.slice(0, length));
    if (typeof list[length - 1] === "number" && verbOf(value) !== null)
      return { holder: value, rest: list.slice(length) };
  }
  return null;
}

function placeOf(data: unknown, target: unknown, path: Path = []): Path | null {
  if (data === target) return path;
  if (Array.isArray(data)) {
    for (let at = 0; at < data.length; at += 1) {
      const place = placeOf(data[at], target, [...path, at]);
      if (place !== null) return place;
    }
  } else if (isMap(data)) {
    for (const [key, value] of Object.entries(data)) {
      const place = placeOf(value, target, [...path, key]);
      if (place !== null) return place;
    }
  }
  return null;
}

function relocate(data: Data, step: unknown, from: Path, list: Path, index: number): void {
  const source = listOf(data, from.slice(0, -1));
  const into = valueAt(data, list);
  if (Array.isArray(into)) {
    into.splice(index, 0, step);
    source.splice(
      source === into && index <= (from.at(-1) as number) ? (from.at(-1) as number) + 1 : (from.at(-1) as number),
      1,
    );
  } else {
    const holder = valueAt(data, list.slice(0, -1));
    source.splice(from.at(-1) as number, 1);
    if (isMap(holder)) holder[String(list.at(-1))] = [step];
  }
}

/** The same step again, right behind it. */
export function duplicateStep(data: Data, path: Path): Operation[] {
  const step = valueAt(data, path);
  const to: Path = [...path.slice(0, -1), (path.at(-1) as number) + 1];
  const ids = [...idsIn(step)];
  if (ids.length === 0) return [{ op: "copy", path, to }];
  if (ids.length === 1 && isMap(step) && step["id"] === ids[0]) {
    return [{ op: "copy", path, to, id: freeId(ids[0] ?? "step", takenIds(data)) }];
  }
  return insertSteps(data, { list: path.slice(0, -1), index: to.at(-1) as number }, [structuredClone(step)]);
}

/** Whether the steps are adjacent in one list. */
export function areTogether(paths: readonly Path[]): boolean {
  const sorted = outermost(paths);
  const first = sorted[0];
  if (first === undefined || sorted.length !== paths.length) return false;
  return sorted.every(
    (path, at) => samePath(path.slice(0, -1), first.slice(0, -1)) && path.at(-1) === (first.at(-1) as number) + at,
  );
}

export const WRAPPERS: readonly { verb: string; key: string; label: string; value: Data }[] = [
  { verb: "if", key: "then", label: "If", value: { if: "true" } },
  { verb: "try", key: "try", label: "Try", value: { catch: [] } },
  { verb: "for_each", key: "do", label: "For each", value: { for_each: "[]", as: "item" } },
];

export function wrapSteps(paths: readonly Path[], verb: string): Operation[] {
  const wrapper = WRAPPERS.find((wrapper) => wrapper.verb === verb);
  const first = outermost(paths)[0];
  if (wrapper === undefined || first === undefined || !areTogether(paths)) return [];
  return [{ op: "wrap", path: first, count: paths.length, key: wrapper.key, value: wrapper.value }];
}

// ------------------------------------------------------------------ branches

export function addBranch(data: Data, path: Path, name: string): Operation[] {
  const step = valueAt(data, path);
  const verb = verbOf(step);
  if (!isMap(step)) return [];
  if (verb === "parallel") return [{ op: "set", path: [...path, "parallel", name], value: [] }];
  if (verb === "switch" && Array.isArray(step["cases"])) {
    return [{ op: "insert", path: [...path, "cases", step["cases"].length], value: { when: name, do: [] } }];
  }
  if (verb === "switch") return [{ op: "set", path: [...path, "cases", name], value: [] }];
  if (verb === "try") {
    const clause = name === "" ? { do: [] } : { errors: name.split(/[,\s]+/).filter(Boolean), do: [] };
    return [{ op: "insert", path: [...path, "catch", listOf(data, [...path, "catch"]).length], value: clause }];
  }
  return [];
}

// ------------------------------------------------------------------ ids

export function* idsIn(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* idsIn(item);
  else if (isMap(value)) {
    if (typeof value["id"] === "string" && verbOf(value) !== null) yield value["id"];
    const verb = verbOf(value);
    for (const [key, inner] of Object.entries(value))
      if (verb === null || STEP_LIST_KEYS.has(key) || STEP_MAP_KEYS.has(key)) yield* idsIn(inner);
  }
}

/** Whether the workflow starts on a changed row: then expressions read `row` and `old` as that row. */
const startsOnRow = ({ on }: Data): boolean =>
  (Array.isArray(on) ? on : [on]).some((trigger) => isMap(trigger) && "table" in trigger);

export const takenIds = (data: Data): Set<string> =>
  new Set([...idsIn(data["steps"]), ...idsIn(data["on_error"]), ...(startsOnRow(data) ? ROW_NAMES : [])]);

export function freeId(name: string, usedIds: ReadonlySet<string>): string {
  if (!usedIds.has(name)) return name;
  const stem = name.replace(/_\d+$/, "");
  for (let number = 2; ; number += 1) if (!usedIds.has(`${stem}_${number}`)) return `${stem}_${number}`;
}

/** The steps with ids that are free; what reads a renamed step inside them follows. */
export function freshIds(steps: readonly unknown[], usedIds: ReadonlySet<string>): unknown[] {
  const used = new Set(usedIds);
  const renamed = new Map<string, string>();
  for (const id of idsIn(steps)) {
    const free = freeId(id, used);
    used.add(free);
    if (free !== id) renamed.set(id, free);
  }
  return renamed.size === 0 ? [...steps] : (renaming(steps, renamed) as unknown[]);
}

function renaming(value: unknown, renamed: ReadonlyMap<string, string>, key = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => renaming(item, renamed, key));
  if (isMap(value))
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, renaming(inner, renamed, name)]));
  if (typeof value !== "string") return value;
  if (key === "id") return renamed.get(value) ?? value;
  const bareExpression = BARE_KEYS.has(key);
  return value.replace(bareExpression ? /[\s\S]+/ : /\$\{\{[\s\S]*?\}\}/g, (piece) => {
    let text = piece;
    for (const [from, to] of renamed) text = text.replace(new RegExp(`(?<![\\w.'"])${from}(?![\\w'"(:])`, "g"), to);
    return text;
  });
}
