/** Reads text with `${{ … }}` in it: where the expressions are, and whether a value is one expression, text, or both. */
import { asText } from "@/model/document/text";

export type Mode = "literal" | "expression" | "mixed";

export interface Part {
  kind: "text" | "expression";
  /** Of an expression: the text between the braces, blanks included. */
  text: string;
  from: number;
  to: number;
  /** False when the closing braces are still missing. */
  closed: boolean;
}

const OPEN = "${{";

/** Where the expression that begins at `from` (after `${{`) ends: the offset of its `}}`, or -1. Strings and open braces may hold `}}`. */
export function closingOf(text: string, from: number): number {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at] ?? "";
    if (char === "'" || char === '"') {
      at = endOfString(text, at);
      continue;
    }
    if (char === "{") depth += 1;
    else if (char === "}") {
      if (depth === 0) return text[at + 1] === "}" ? at : -1;
      depth -= 1;
    }
    at += 1;
  }
  return -1;
}

function endOfString(text: string, at: number): number {
  const quote = text[at] ?? "";
  const long = text.startsWith(quote.repeat(3), at) ? quote.repeat(3) : quote;
  const raw = /[rR]$/.test(text.slice(Math.max(0, at - 1), at)) && !/[\w]/.test(text[at - 2] ?? " ");
  let next = at + long.length;
  while (next < text.length) {
    if (!raw && text[next] === "\\") next += 2;
    else if (text.startsWith(long, next)) return next + long.length;
    else next += 1;
  }
  return text.length;
}

/** Cuts text into its literal and its expression parts; `$${{` is an escaped beginning and stays text. */
export function parts(text: string): Part[] {
  const parts: Part[] = [];
  let textFrom = 0;
  let at = text.indexOf(OPEN);
  while (at >= 0) {
    if (text[at - 1] === "$") {
      at = text.indexOf(OPEN, at + OPEN.length);
      continue;
    }
    if (at > textFrom) parts.push(piece("text", text, textFrom, at));
    const end = closingOf(text, at + OPEN.length);
    if (end < 0) {
      parts.push({ kind: "expression", text: text.slice(at + OPEN.length), from: at, to: text.length, closed: false });
      return parts;
    }
    parts.push({ kind: "expression", text: text.slice(at + OPEN.length, end), from: at, to: end + 2, closed: true });
    textFrom = end + 2;
    at = text.indexOf(OPEN, textFrom);
  }
  if (textFrom < text.length || parts.length === 0) parts.push(piece("text", text, textFrom, text.length));
  return parts;
}

function piece(kind: "text", text: string, from: number, to: number): Part {
  return { kind, text: text.slice(from, to), from, to, closed: true };
}

/** What a value in a file is: one expression keeps its type, text around it makes text of it. */
export function modeOf(value: unknown): Mode {
  if (typeof value !== "string") return "literal";
  if (expressionIn(value) !== null) return "expression";
  return parts(value).some((part) => part.kind === "expression") ? "mixed" : "literal";
}

/** The expression of a value that is exactly one `${{ … }}`; null for every other value. */
export function expressionIn(value: unknown): string | null {
  if (typeof value !== "string") return null;
  const text = value.trim();
  if (!text.startsWith(OPEN)) return null;
  const end = closingOf(text, OPEN.length);
  if (end < 0 || end + 2 !== text.length) return null;
  return text.slice(OPEN.length, end).trim();
}

/** An expression as it is written in a value. */
export function wrapped(expression: string): string {
  const trimmed = expression.trim();
  return trimmed === "" ? "" : `\${{ ${trimmed} }}`;
}

/** A bare expression as people type it: braces around all of it are dropped. */
export function unwrapped(text: string): string {
  return expressionIn(text) ?? text.trim();
}

/** The expression that gives the same value as a literal or a text with expressions in it. */
export function asExpression(value: unknown): string {
  if (value === null || value === undefined || value === "") return "";
  if (typeof value !== "string") return literalExpression(value);
  const whole = expressionIn(value);
  if (whole !== null) return whole;
  const pieces = parts(value);
  if (pieces.every((part) => part.kind === "text")) return quoted(unescaped(value));
  return pieces
    .map((part) => (part.kind === "text" ? quoted(unescaped(part.text)) : `string(${part.text.trim()})`))
    .join(" + ");
}

/** The literal that an expression is, when it is one: `'a'`, `12`, `true`; undefined otherwise. */
export function asLiteral(expression: string): unknown {
  const text = expression.trim();
  if (/^-?\d+(\.\d+)?$/.test(text) && Number.isSafeInteger(Math.trunc(Number(text)))) return Number(text);
  if (text === "true" || text === "false") return text === "true";
  const quote = text[0];
  if ((quote === "'" || quote === '"') && text.length > 1 && endOfString(text, 0) === text.length) {
    const inner = text.slice(1, -1);
    if (!text.startsWith(quote.repeat(3)) && !inner.includes(OPEN)) return inner.replace(/\\(['"\\])/g, "$1");
  }
  return undefined;
}

function literalExpression(value: unknown): string {
  if (value === null) return "null";
  if (typeof value === "string") {
    const mode = modeOf(value);
    return mode === "literal" ? quoted(unescaped(value)) : asExpression(value);
  }
  if (Array.isArray(value)) return `[${value.map(literalExpression).join(", ")}]`;
  if (typeof value === "object") {
    const pairs = Object.entries(value as Record<string, unknown>);
    return `{${pairs.map(([key, item]) => `${quoted(key)}: ${literalExpression(item)}`).join(", ")}}`;
  }
  return asText(value);
}

function quoted(text: string): string {
  return `'${text.replace(/\\/g, "\\\\").replace(/'/g, "\\'").replace(/\n/g, "\\n")}'`;
}

function unescaped(text: string): string {
  return text.replaceAll("$${{", "${{");
}
