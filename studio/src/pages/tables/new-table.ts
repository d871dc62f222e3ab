/** A new table as lines of tables.yaml. Other lines stay as they are. Pure. */
import { isMap, isScalar, parseDocument, type Node } from "yaml";

export interface NewColumn {
  name: string;
  /** As tables.yaml writes it: `int`, `uuid -> orders.id`, `pending | paid = pending`. */
  type: string;
  optional: boolean;
}

/** What the type field suggests; anything that tables.yaml takes can be typed. */
export const TYPES = [
  "string",
  "text",
  "int",
  "number",
  "bool = false",
  "uuid",
  "datetime",
  "datetime = now()",
  "date",
  "json",
  "pending | paid = pending",
] as const;

export const NAME = /^[a-z][a-z0-9_]*$/;

export const firstColumns = (): NewColumn[] => [
  { name: "id", type: "uuid primary", optional: false },
  { name: "created_at", type: "datetime = now()", optional: false },
];

/** What is wrong with a table before it is written, in one sentence; null if nothing is. */
export function problemOf(name: string, columns: readonly NewColumn[], known: ReadonlySet<string>): string | null {
  if (!NAME.test(name)) return "Name the table with lowercase letters, digits, and underscores.";
  if (known.has(name)) return `There is a table ${name} already.`;
  const names = columns.map((column) => column.name);
  const bad = columns.find((column) => !NAME.test(column.name) || column.type.trim() === "");
  if (bad) return `Column ${bad.name || String(columns.indexOf(bad) + 1)} needs a lowercase name and a type.`;
  const twice = names.find((column, index) => names.indexOf(column) !== index);
  return twice === undefined ? null : `There are two columns ${twice}.`;
}

/** The text with the table after the last one. Throws an Error with a sentence if the file can't be read. */
export function withTable(text: string, name: string, columns: readonly NewColumn[]): string {
  const document = parseDocument(text);
  if (document.errors.length > 0) throw new Error("tables.yaml has an error. Fix it under Files first.");
  const lines = [`${name}:`, "  columns:", ...columns.map((column) => `    ${lineOf(column)}`)];
  const tables = isMap(document.contents) ? (document.contents.get("tables", true) as Node | undefined) : undefined;
  const head = text === "" || text.endsWith("\n") ? text : `${text}\n`;
  if (tables === undefined) return `${head}tables:\n${indented(lines, "  ")}`;
  if (!isMap(tables) || tables.flow || tables.items.length === 0) {
    if (isMap(tables) && tables.items.length > 0)
      throw new Error("tables.yaml writes its tables on one line. Add the table under Files.");
    const [from = 0, to = 0] = tables.range ?? [];
    return `${text.slice(0, from).trimEnd()}\n${indented(lines, "  ")}${text.slice(to).replace(/^\n+/, "")}`;
  }
  const first = tables.items[0]?.key;
  const start = isScalar(first) ? (first.range?.[0] ?? 0) : 0;
  const indent = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
  const end = tables.range?.[1] ?? text.length;
  const before = text.slice(0, end).trimEnd();
  const after = text.slice(before.length);
  return `${before}\n\n${indented(lines, indent).trimEnd()}${after === "" ? "\n" : after}`;
}

const indented = (lines: readonly string[], by: string): string => lines.map((line) => `${by}${line}\n`).join("");

function lineOf({ name, type, optional }: NewColumn): string {
  const value = /[:{}#[\],&*!'"%@`]/.test(type) ? JSON.stringify(type.trim()) : type.trim();
  return `${name}${optional ? "?" : ""}: ${value}`;
}
