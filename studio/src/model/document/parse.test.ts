import { expect, test } from "vitest";

import { parse } from "./parse";
import { pathKey, pathOfKey, runPath, withoutRounds, type Path } from "./path";

const TEXT = `name: Refund an order
on:
  api: POST /orders/{order_id}/refund   # who asks
  auth: [admin, support]
steps:
  - id: order
    select: orders
    where: {id: "\${{ inputs.order_id }}", status: [paid]}

  - switch: event.action
    cases:
      succeeded:
        - log: |
            one
            two
      "200": []
`;

const read = () => {
  const { document } = parse(TEXT);
  if (document === null) throw new Error("does not parse");
  return document;
};
const piece = (path: Path) => {
  const range = read().range(path);
  return range === null ? null : TEXT.slice(range.start, range.end);
};

test("gives plain data; `on` stays a text", () => {
  expect(Object.keys(read().data)).toEqual(["name", "on", "steps"]);
});

test("gives the stretch of a value without the blanks and comments behind it", () => {
  expect(piece(["on", "api"])).toBe("POST /orders/{order_id}/refund");
  expect(piece(["steps", 0])).toBe(
    'id: order\n    select: orders\n    where: {id: "${{ inputs.order_id }}", status: [paid]}',
  );
  expect(piece(["steps", 0, "where", "id"])).toBe('"${{ inputs.order_id }}"');
  expect(piece(["steps", 7])).toBeNull();
});

test("knows keys, lines and brackets", () => {
  const key = read().keyRange(["steps", 1, "cases", "succeeded"]);
  expect(key && TEXT.slice(key.start, key.end)).toBe("succeeded");
  expect(read().position(TEXT.indexOf("auth"))).toEqual({ line: 4, column: 3 });
  expect(read().isFlow(["on", "auth"])).toBe(true);
  expect(read().isFlow(["steps"])).toBe(false);
});

test("finds the innermost place of an offset", () => {
  expect(read().pathAt(TEXT.indexOf("one\n"))).toEqual(["steps", 1, "cases", "succeeded", 0, "log"]);
  expect(read().pathAt(TEXT.indexOf("select: orders") + 2)).toEqual(["steps", 0, "select"]);
});

test.each([
  ["a: [1", "Flow"],
  ["a: 1\na: 2", "unique"],
  ["- 1", "a workflow is a map"],
  ["", "a workflow is a map"],
  ["a: &x 1\nb: *x", "aliases"],
])("says where %j does not parse", (text, message) => {
  const { document, problem } = parse(text);
  expect(document).toBeNull();
  expect(problem?.message).toContain(message);
});

test("spells a path so that it can be read back, whatever the keys are", () => {
  for (const path of [
    ["steps", 2, "cases", "200", 0],
    ["steps", 0, "cases", "a/b c", 1],
    ["on_error", 0],
    ["x", "~1"],
  ] as Path[]) {
    expect(pathOfKey(pathKey(path))).toEqual(path);
  }
});

test.each<[Path, string]>([
  [["steps", 3, "cases", "succeeded", 0], "3.cases.succeeded.0"],
  [["steps", 3, "cases", 1, "do", 0], "3.cases[1].0"],
  [["steps", 4, "do", 0], "4.do.0"],
  [["steps", 0, "catch", 2, "do", 1], "0.catch[2].1"],
  [["steps", 0, "catch", 1], "0.catch.1"],
  [["on_error", 0], "on_error.0"],
])("spells %j as runs do", (path, run) => {
  expect(runPath(path)).toBe(run);
});

test("leaves the rounds of loops out", () => {
  expect(withoutRounds("4.do[12].0.do[0].3")).toBe("4.do.0.do.3");
  expect(withoutRounds("3.cases[1].0")).toBe("3.cases[1].0");
});
