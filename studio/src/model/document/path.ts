/** Places in a workflow document, e.g. `["steps", 2, "then", 0]`, and their spelling in addresses and in runs. */

export type Path = (string | number)[];

/** The spelling used in addresses and as a key: `steps/2/then/0`. Texts that look like an index get a `~`. */
export function pathKey(path: readonly (string | number)[]): string {
  return path
    .map((part) =>
      typeof part === "number" ? String(part) : encodeURIComponent(/^(~|\d+$)/.test(part) ? `~${part}` : part),
    )
    .join("/");
}

export function pathOfKey(key: string): Path {
  if (key === "") return [];
  return key.split("/").map((part) => {
    if (/^\d+$/.test(part)) return Number(part);
    let text = part;
    try {
      text = decodeURIComponent(part);
    } catch {
      // An address typed by hand: used unchanged.
    }
    return text.startsWith("~") ? text.slice(1) : text;
  });
}

export function samePath(a: readonly (string | number)[] | null, b: readonly (string | number)[] | null): boolean {
  if (a === null || b === null) return a === b;
  return a.length === b.length && a.every((part, at) => part === b[at]);
}

/** Whether `path` is `head` or below it. */
export function startsWith(path: readonly (string | number)[], head: readonly (string | number)[]): boolean {
  return head.length <= path.length && head.every((part, at) => part === path[at]);
}

export function valueAt(data: unknown, path: readonly (string | number)[]): unknown {
  let value: unknown = data;
  for (const part of path) {
    if (Array.isArray(value) && typeof part === "number") value = value[part];
    else if (isMap(value) && typeof part === "string" && Object.hasOwn(value, part)) value = value[part];
    else return undefined;
  }
  return value;
}

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The place as runs write it, the rounds of loops left out: `["steps", 3, "cases", 1, "do", 0]` is `3.cases[1].0`.
 * The result of a run is compared after `withoutRounds`.
 */
export function runPath(path: readonly (string | number)[]): string {
  const rest = path[0] === "steps" ? path.slice(1) : [...path];
  let text = "";
  for (let at = 0; at < rest.length; at += 1) {
    const part = rest[at];
    const clause =
      (rest[at - 1] === "cases" || rest[at - 1] === "catch") && typeof part === "number" && rest[at + 1] === "do";
    if (clause) {
      text += `[${part}]`;
      at += 1;
    } else {
      text += text === "" ? String(part) : `.${part}`;
    }
  }
  return text;
}

/** `4.do[2].0` is the third round of `4.do.0`. */
export function withoutRounds(run: string): string {
  return run.replace(/(^|\.)do\[\d+\](?=\.|$)/g, "$1do");
}
