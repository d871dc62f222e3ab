/** Places in a document: reading, and the smallest operation that writes there. No React, no requests. */

import type { Operation } from "@/api/editor";
import { isMap, type Path, valueAt } from "@/model/document/path";

/** `steps[2].with.amount`, as messages of the server write it. */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === "number" ? `${text}[${part}]` : text === "" ? part : `${text}.${part}`),
    "",
  );
}

/**
 * The operation that puts `value` at `path`. Maps that are missing on the way are made with it, so one change stays one
 * operation (and one entry of the history).
 */
export function setAt(data: unknown, path: Path, value: unknown): Operation {
  let depth = path.length - 1;
  while (depth > 0 && !isContainer(valueAt(data, path.slice(0, depth)))) depth -= 1;
  const target = path.slice(0, depth + 1);
  const rest = path.slice(depth + 1);
  const parent = valueAt(data, path.slice(0, depth));
  const last = target[target.length - 1];
  const filled = rest.reduceRight<unknown>(
    (inner, part) => (typeof part === "number" ? [inner] : { [part]: inner }),
    value,
  );
  if (Array.isArray(parent) && typeof last === "number" && last >= parent.length) {
    return { op: "insert", path: [...target.slice(0, -1), parent.length], value: filled };
  }
  return { op: "set", path: target, value: filled };
}

/** The operation that takes `path` away, and with it the maps above that would be left empty, down to `keep` parts of the path. */
export function removeAt(data: unknown, path: Path, keep: number): Operation {
  let target = path;
  while (target.length > keep + 1) {
    const parent = valueAt(data, target.slice(0, -1));
    const size = Array.isArray(parent) ? parent.length : isMap(parent) ? Object.keys(parent).length : 0;
    if (size > 1) break;
    target = target.slice(0, -1);
  }
  return { op: "remove", path: target };
}

function isContainer(value: unknown): boolean {
  return Array.isArray(value) || isMap(value);
}

/** Equal plain data, the order of keys left out of account. */
export function equal(first: unknown, other: unknown): boolean {
  if (Object.is(first, other)) return true;
  if (Array.isArray(first) && Array.isArray(other)) {
    return first.length === other.length && first.every((item, index) => equal(item, other[index]));
  }
  if (isMap(first) && isMap(other)) {
    const keys = Object.keys(first);
    return (
      keys.length === Object.keys(other).length &&
      keys.every((key) => Object.hasOwn(other, key) && equal(first[key], other[key]))
    );
  }
  return false;
}
