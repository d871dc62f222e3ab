import { expect, test } from "vitest";
import type { ColumnShape } from "./api";
import {
  changed,
  conditionsOf,
  conditionsText,
  fromText,
  gridColumns,
  moneyOf,
  operatorsFor,
  toText,
  whereOf,
} from "./values";

const column = (name: string, type: string, more: Partial<ColumnShape> = {}): ColumnShape => ({
  name,
  type,
  nullable: false,
  primary: false,
  unique: false,
  choices: null,
  references: null,
  has_default: false,
  ...more,
});

test("an amount is a whole number of minor units, never rounded", () => {
  expect(fromText(column("amount", "int"), "1900")).toEqual({ value: 1900 });
  expect(fromText(column("amount", "int"), "19.00")).toHaveProperty("problem");
  expect(fromText(column("amount", "int"), "9007199254740993")).toHaveProperty("problem");
});

test("an empty field is null where the column may be empty, and told where it may not", () => {
  expect(fromText(column("paid_at", "datetime", { nullable: true }), " ")).toEqual({ value: null });
  expect(fromText(column("amount", "int"), "")).toHaveProperty("problem");
  expect(fromText(column("name", "string"), "")).toEqual({ value: "" });
});

test("text keeps its spaces, JSON is read and told when broken", () => {
  expect(fromText(column("name", "string"), " Ada ")).toEqual({ value: " Ada " });
  expect(fromText(column("items", "json"), '[{"sku": "mug"}]')).toEqual({ value: [{ sku: "mug" }] });
  expect(fromText(column("items", "json"), "[{")).toEqual({ problem: "This is not JSON." });
  expect(toText({ a: 1 })).toBe('{\n  "a": 1\n}');
});

test("only what changed is sent", () => {
  expect(changed({ id: "1", name: "a", items: [1] }, { id: "1", name: "b", items: [1] })).toEqual({ name: "b" });
});

test("filters go through the address whole, whatever the value holds", () => {
  const conditions = [
    { column: "name", operator: "contains" as const, value: "a~b|c%d" },
    { column: "paid_at", operator: "not_null" as const, value: "" },
  ];
  expect(conditionsOf(conditionsText(conditions))).toEqual(conditions);
  expect(conditionsOf("name~explode~x")).toEqual([]);
});

test("filters become the language's where", () => {
  const columns = [
    column("status", "string"),
    column("amount", "int"),
    column("paid_at", "datetime", { nullable: true }),
  ];
  expect(
    whereOf(
      [
        { column: "status", operator: "eq", value: "paid" },
        { column: "amount", operator: "gte", value: "100" },
        { column: "amount", operator: "lt", value: "500" },
        { column: "paid_at", operator: "null", value: "" },
        { column: "gone", operator: "eq", value: "x" },
      ],
      columns,
    ),
  ).toEqual({ status: "paid", amount: { gte: 100, lt: 500 }, paid_at: { is_null: true } });
});

test("a column offers only what can be asked of it", () => {
  expect(operatorsFor(column("has_access", "bool"))).toEqual(["eq", "ne"]);
  expect(operatorsFor(column("items", "json"))).toEqual([]);
  expect(operatorsFor(column("email", "string", { nullable: true }))).toContain("null");
});

test("of a Stripe object the grid shows what tells one from another, id first", () => {
  const columns = ["address", "created", "email", "id", "livemode", "name"].map((name) => column(name, "text"));
  expect(gridColumns(columns, true).map((gridColumn) => gridColumn.name)).toEqual(["id", "name", "email", "created"]);
});

test("of one's own table the grid shows the key first, then the state, who, and how much; JSON comes last", () => {
  const columns = [
    column("items", "json"),
    column("created_at", "datetime"),
    column("currency", "string"),
    column("amount", "int"),
    column("email", "string"),
    column("status", "string", { choices: ["pending", "paid"] }),
    column("id", "uuid", { primary: true }),
  ];
  expect(gridColumns(columns, false).map((gridColumn) => gridColumn.name)).toEqual([
    ...["id", "status", "email", "currency", "amount", "created_at", "items"],
  ]);
});

test.each([
  ["amount", { amount: 1400, currency: "usd" }, "$14.00"],
  ["amount", { amount: 1400, currency: "jpy" }, "¥1,400"],
  ["amount", { amount: 1400, currency: "KWD" }, "KWD 1.400"],
  ["amount", { amount: 1400 }, undefined],
  ["amount", { amount: 1400, currency: "dollars" }, undefined],
  ["amount", { amount: null, currency: "usd" }, undefined],
  ["quantity", { quantity: 2, currency: "usd" }, undefined],
])("the column %s of %o is shown as %s", (name, row, shown) => {
  expect(moneyOf(column(name, "int"), row)?.replaceAll("\u00a0", " ")).toBe(shown);
});
