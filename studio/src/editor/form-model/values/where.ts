/** A condition on a column of a table, as rows of a form: what is compared, and with what. */

import { isMap } from "@/model/document/path";

export const OPERATORS = [
  { op: "is", words: "is" },
  { op: "in", words: "is one of" },
  { op: "ne", words: "is not" },
  { op: "gt", words: "is more than" },
  { op: "gte", words: "is at least" },
  { op: "lt", words: "is less than" },
  { op: "lte", words: "is at most" },
  { op: "contains", words: "contains" },
  { op: "starts_with", words: "begins with" },
  { op: "is_null", words: "is empty" },
] as const;
export type Operator = (typeof OPERATORS)[number]["op"];

const NAMED: ReadonlySet<string> = new Set(
  OPERATORS.map((operator) => operator.op).filter((op) => op !== "is" && op !== "in"),
);

/** The operator of a condition; null for several operators in one map, which the form shows as they are. */
export function operatorOf(value: unknown): Operator | null {
  if (Array.isArray(value)) return "in";
  if (!isMap(value)) return "is";
  const keys = Object.keys(value);
  return keys.length === 1 && NAMED.has(keys[0] ?? "") ? (keys[0] as Operator) : null;
}

/** The path of the compared value below the column. */
export function operandPath(operator: Operator): string[] {
  return operator === "is" || operator === "in" ? [] : [operator];
}

/** The condition with another operator; the compared value stays where it can. */
export function withOperator(value: unknown, operator: Operator): unknown {
  const now = operatorOf(value);
  let operand: unknown = value;
  if (now !== null && now !== "is" && now !== "in" && isMap(value)) operand = value[now];
  if (now === "in" && Array.isArray(value)) operand = value[0] ?? "";
  if (operator === "is_null") return { is_null: true };
  if (now === "is_null") operand = "";
  if (operator === "is") return operand;
  if (operator === "in") return [operand];
  return { [operator]: operand };
}
