/** Parses workflow text to plain data, with the text range of every value. Positions are offsets in the text. */
import { LineCounter, isAlias, isMap as isYamlMap, isScalar, isSeq, parseDocument, type Node, type Pair } from "yaml";

import { type Path, pathKey } from "./path";

export type { Path } from "./path";

/** Offsets in the text; the end is exclusive. */
export interface Range {
  start: number;
  end: number;
}

export interface Parsed {
  /** The document as plain data: maps, lists, texts, numbers, booleans, null. */
  data: Record<string, unknown>;
  /** The range of the value at a path, without trailing blanks and comments; null where there is no value. */
  range: (path: Path) => Range | null;
  /** The stretch of the key of a map entry. */
  keyRange: (path: Path) => Range | null;
  /** The innermost place that contains an offset. */
  pathAt: (offset: number) => Path;
  /** Line and column of an offset, both from 1. */
  position: (offset: number) => { line: number; column: number };
  /** Whether a list or map is written in brackets. */
  isFlow: (path: Path) => boolean;
}

export interface ParseProblem {
  message: string;
  start: number;
  end: number;
}

export type ParseResult = { document: Parsed; problem: null } | { document: null; problem: ParseProblem };

interface Spot {
  path: Path;
  value: Range;
  key: Range | null;
  flow: boolean;
}

/** Read the text. Anchors, tags and the like are left to the server's checks; here they are simply not a document. */
export function parse(text: string): ParseResult {
  const lines = new LineCounter();
  const document = parseDocument(text, { version: "1.2", lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const error = document.errors[0];
  if (error !== undefined) return failed(error.message, error.pos[0], error.pos[1]);
  const top = document.contents;
  if (!isYamlMap(top)) return failed("a workflow is a map: name, on, steps", 0, Math.min(text.length, 1));
  const spots = new Map<string, Spot>();
  if (!collect(top, [], null, spots, text)) return failed("anchors and aliases are not allowed", 0, 1);
  const data = document.toJS({ maxAliasCount: 0 }) as Record<string, unknown>;
  return { document: reading(data, spots, lines), problem: null };
}

function failed(message: string, start: number, end: number): ParseResult {
  return { document: null, problem: { message, start, end: Math.max(end, start) } };
}

function reading(data: Record<string, unknown>, spots: Map<string, Spot>, lines: LineCounter): Parsed {
  return {
    data,
    range: (path) => spots.get(pathKey(path))?.value ?? null,
    keyRange: (path) => spots.get(pathKey(path))?.key ?? null,
    isFlow: (path) => spots.get(pathKey(path))?.flow ?? false,
    position: (offset) => {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    },
    pathAt: (offset) => {
      let best: Path = [];
      for (const spot of spots.values()) {
        const start = spot.key?.start ?? spot.value.start;
        if (start <= offset && offset <= spot.value.end && spot.path.length > best.length) best = spot.path;
      }
      return best;
    },
  };
}

function collect(node: Node | null, path: Path, key: Range | null, spots: Map<string, Spot>, text: string): boolean {
  if (isAlias(node)) return false;
  if (node === null || node.range === null || node.range === undefined) {
    const at = key?.end ?? 0;
    spots.set(pathKey(path), { path, key, value: { start: at, end: at }, flow: false });
    return true;
  }
  const [start, end] = node.range;
  const flow = !isScalar(node) && (text[start] === "[" || text[start] === "{");
  spots.set(pathKey(path), {
    path,
    key,
    value: { start, end: trimmed(text, start, end, isScalar(node) || flow) },
    flow,
  });
  if (isYamlMap(node)) {
    return (node.items as Pair<Node, Node | null>[]).every((pair) => {
      const name = isScalar(pair.key) ? String((pair.key as { value: unknown }).value) : "";
      const place = pair.key.range ? { start: pair.key.range[0], end: pair.key.range[1] } : null;
      return collect(pair.value, [...path, name], place, spots, text);
    });
  }
  if (isSeq(node)) {
    return (node.items as (Node | null)[]).every((item, at) => collect(item, [...path, at], null, spots, text));
  }
  return true;
}

/** For `yaml`, a block list or map ends where the next node starts; here it ends after its last character. */
function trimmed(text: string, start: number, end: number, exact: boolean): number {
  let stop = end;
  while (stop > start && /\s/.test(text[stop - 1] ?? "")) stop -= 1;
  return exact && text[start] !== "|" && text[start] !== ">" ? end : stop;
}
