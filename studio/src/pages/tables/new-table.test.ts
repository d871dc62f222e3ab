import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { firstColumns, problemOf, withTable } from "./new-table";

const COLUMNS = [...firstColumns(), { name: "amount", type: "int", optional: false }];
const ORDERS =
  "  orders:\n    columns:\n      id: uuid primary\n      created_at: datetime = now()\n      amount: int\n";

describe("a new table", () => {
  it("follows the last one, and no other line changes", () => {
    const text = "# Ours.\ntables:\n  users:   # people\n    columns:\n      id: uuid primary\n";
    expect(withTable(text, "orders", COLUMNS)).toBe(`${text}\n${ORDERS}`);
  });

  it.each([
    ["an empty file", ""],
    ["a file with a comment", "# Ours.\n"],
    ["a file without a last line break", "# Ours."],
    ["tables that are empty", "tables:\n"],
    ["tables that are an empty map", "tables: {}\n"],
  ])("is written into %s", (_, text) => {
    expect(parse(withTable(text, "orders", COLUMNS))).toEqual(parse(`tables:\n${ORDERS}`));
  });

  it("takes the indent of the file, and stays before what follows the tables", () => {
    const text = "tables:\n    users:\n        columns: {id: uuid primary}\n# The end.\nother: 1\n";
    const written = withTable(text, "orders", COLUMNS);
    expect(written).toContain("\n    orders:\n      columns:\n");
    expect(written.endsWith("# The end.\nother: 1\n")).toBe(true);
    expect(Object.keys((parse(written) as { tables: object }).tables)).toEqual(["users", "orders"]);
  });

  it("quotes a type that YAML would read otherwise", () => {
    const written = withTable("", "carts", [{ name: "items", type: "json = {}", optional: true }]);
    expect(parse(written)).toEqual({ tables: { carts: { columns: { "items?": "json = {}" } } } });
  });

  it("is not written into a file with an error", () => {
    expect(() => withTable("tables: [", "orders", COLUMNS)).toThrow("tables.yaml has an error");
  });
});

it.each([
  ["", COLUMNS, /lowercase/],
  ["Orders", COLUMNS, /lowercase/],
  ["users", COLUMNS, /already/],
  ["orders", [{ name: "", type: "int", optional: false }], /Column 1/],
  ["orders", [{ name: "amount", type: " ", optional: false }], /Column amount/],
  ["orders", [...COLUMNS, { name: "amount", type: "int", optional: true }], /two columns amount/],
])("a table %j with these columns is refused before it is written", (name, columns, words) => {
  expect(problemOf(name, columns, new Set(["users"]))).toMatch(words);
});

it("a table with a name of its own and whole columns has no problem", () => {
  expect(problemOf("orders", COLUMNS, new Set(["users"]))).toBeNull();
});
