/** Between a column's values and what one types in a form. Pure. */
import { asText } from "@/model/document/text";
import { money } from "@/ui/format/format";
import type { ColumnShape, Row } from "./api";

// A Stripe object has dozens of fields; these identify it. The opened row shows all.
const TELLING = [
  "id",
  "status",
  "name",
  "email",
  "number",
  "amount",
  "unit_amount",
  "amount_due",
  "amount_paid",
  "currency",
  "customer",
  "product",
  "recurring",
  "active",
  "created",
];

/** The columns of a grid: all of a table of one's own, those that say most first; the telling ones of Stripe's. */
export function gridColumns(columns: readonly ColumnShape[], stripe: boolean): ColumnShape[] {
  if (!stripe) return [...columns].sort((first, other) => rankOf(first) - rankOf(other));
  return TELLING.flatMap((name) => columns.find((column) => column.name === name) ?? []);
}

/** Key, state, who, how much; then as declared; JSON last, which is long and says little in a cell. */
function rankOf(column: ColumnShape): number {
  if (column.primary) return 0;
  if (column.choices?.length || /^(status|state)$/.test(column.name)) return 1;
  if (/^(name|email|number|title)$/.test(column.name)) return 2;
  if (isAmount(column) || column.name === "currency") return 3;
  return column.type === "json" ? 5 : 4;
}

/** How a form shows a column. */
export type Control = "check" | "choice" | "number" | "moment" | "date" | "json" | "lines" | "text";

export function controlOf(column: ColumnShape): Control {
  if (column.choices?.length) return "choice";
  switch (column.type) {
    case "bool":
      return "check";
    case "int":
    case "number":
      return "number";
    case "datetime":
      return "moment";
    case "date":
      return "date";
    case "json":
      return "json";
    case "text":
      return "lines";
    default:
      return "text";
  }
}

/** Whether the column's number is an amount in minor units, when its row also has a currency. */
export const isAmount = (column: ColumnShape): boolean =>
  column.type === "int" && /(^|_)(amount|total|price|refunded|balance|paid)(_|$)/.test(column.name);

/** An amount as money in the currency of its row: "$14.00"; undefined if it is no amount, or the currency isn't known. */
export function moneyOf(column: ColumnShape, row: Row): string | undefined {
  const { currency, [column.name]: value } = row;
  if (typeof value !== "number" || !isAmount(column)) return undefined;
  return typeof currency === "string" && /^[a-z]{3}$/i.test(currency) ? money(value, currency) : undefined;
}

/** What a field shows for a value; an empty field is null. */
export function toText(value: unknown): string {
  if (value === null || value === undefined) return "";
  return typeof value === "object" ? JSON.stringify(value, null, 2) : asText(value);
}

export type Read = { value: unknown } | { problem: string };

/** Read what was typed; nothing typed is null. */
export function fromText(column: ColumnShape, text: string): Read {
  const trimmed = text.trim();
  if (trimmed === "")
    return column.nullable
      ? { value: null }
      : controlOf(column) === "text" || controlOf(column) === "lines"
        ? { value: "" }
        : { problem: "This column cannot be empty." };
  switch (controlOf(column)) {
    case "check":
      return { value: trimmed === "true" };
    case "number": {
      if (column.type === "int" && !/^-?\d+$/.test(trimmed))
        return { problem: "A whole number; amounts are in minor units." };
      const number = Number(trimmed);
      return Number.isFinite(number) && (column.type !== "int" || Number.isSafeInteger(number))
        ? { value: number }
        : { problem: "This number is too large to store exactly." };
    }
    case "moment":
      return Number.isNaN(Date.parse(trimmed))
        ? { problem: "A timestamp such as 2026-11-23T20:15:00Z." }
        : { value: trimmed };
    case "json":
      try {
        return { value: JSON.parse(trimmed) as unknown };
      } catch {
        return { problem: "This is not JSON." };
      }
    default:
      return { value: text };
  }
}

/** Only the columns whose value is another one now. */
export function changed(old: Row, now: Row): Row {
  return Object.fromEntries(
    Object.entries(now).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name] ?? null)),
  );
}

export type Operator = "eq" | "ne" | "gt" | "gte" | "lt" | "lte" | "contains" | "starts_with" | "null" | "not_null";

export const OPERATORS: { operator: Operator; word: string }[] = [
  { operator: "eq", word: "is" },
  { operator: "ne", word: "is not" },
  { operator: "gt", word: "greater than" },
  { operator: "gte", word: "at least" },
  { operator: "lt", word: "less than" },
  { operator: "lte", word: "at most" },
  { operator: "contains", word: "contains" },
  { operator: "starts_with", word: "starts with" },
  { operator: "null", word: "is empty" },
  { operator: "not_null", word: "is not empty" },
];

/** The operators that make sense for a column. */
export function operatorsFor(column: ColumnShape): Operator[] {
  const control = controlOf(column);
  const ordered: Operator[] = ["gt", "gte", "lt", "lte"];
  const textual: Operator[] = ["contains", "starts_with"];
  const empty: Operator[] = column.nullable ? ["null", "not_null"] : [];
  if (control === "check" || control === "choice") return ["eq", "ne", ...empty];
  if (control === "json") return empty;
  if (control === "number" || control === "moment" || control === "date") return ["eq", "ne", ...ordered, ...empty];
  return column.type === "uuid" ? ["eq", "ne", ...empty] : ["eq", "ne", ...textual, ...empty];
}

export interface Condition {
  column: string;
  operator: Operator;
  value: string;
}

/** `column~operator~value` in the address; unknown ones are left out. */
export function conditionsOf(text: string | undefined): Condition[] {
  if (!text) return [];
  return text.split("|").flatMap((part) => {
    const [column, operator, ...rest] = part.split("~").map(decodeURIComponent);
    if (!column || !OPERATORS.some((option) => option.operator === operator)) return [];
    return [{ column, operator: operator as Operator, value: rest.join("~") }];
  });
}

export function conditionsText(conditions: readonly Condition[]): string | undefined {
  return (
    conditions
      .map(({ column, operator, value }) =>
        [column, operator, value].map((part) => encodeURIComponent(part).replaceAll("~", "%7E")).join("~"),
      )
      .join("|") || undefined
  );
}

/** The `where` of the language: `{status: "paid", amount: {gte: 100}}`. */
export function whereOf(conditions: readonly Condition[], columns: readonly ColumnShape[]): Row {
  const where: Row = {};
  for (const { column: name, operator, value } of conditions) {
    const column = columns.find((column) => column.name === name);
    if (!column) continue;
    const old = where[name];
    const operators: Row = typeof old === "object" && old !== null ? { ...old } : {};
    if (operator === "null" || operator === "not_null") {
      where[name] = { ...operators, is_null: operator === "null" };
      continue;
    }
    const read = fromText({ ...column, nullable: false }, value);
    if ("problem" in read) continue;
    where[name] =
      operator === "eq" && Object.keys(operators).length === 0 ? read.value : { ...operators, [operator]: read.value };
  }
  return where;
}
