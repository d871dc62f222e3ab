import { expect, test } from "vitest";

import type { Operation } from "@/api/editor";
import {
  addBranch,
  areTogether,
  canMove,
  duplicateStep,
  freshIds,
  insertSteps,
  moveSteps,
  removeSteps,
  wrapSteps,
} from "./operations";
import { isMap, type Path, valueAt } from "@/model/document/path";

const data = () => ({
  steps: [
    { id: "a", log: "a" },
    {
      id: "b",
      if: "true",
      then: [
        { id: "c", log: "c" },
        { id: "d", log: "d" },
      ],
    },
    { id: "e", log: "e" },
    { id: "s", switch: "x", cases: { one: [] }, default: "stop" },
  ] as unknown[],
});

/** The operations carried out on plain data, as the server means them. */
function done(start: Record<string, unknown>, operations: Operation[]): Record<string, unknown> {
  const copy = structuredClone(start);
  for (const { op, path, to, value } of operations) {
    const parent = valueAt(copy, path.slice(0, -1));
    const last = path.at(-1) as never;
    if (op === "set" && isMap(parent)) parent[last] = value;
    else if (op === "insert" && Array.isArray(parent)) parent.splice(last, 0, value);
    else if (op === "insert" && parent === undefined)
      (valueAt(copy, path.slice(0, -2)) as Record<string, unknown>)[String(path.at(-2))] = [value];
    else if (op === "remove" && Array.isArray(parent)) parent.splice(last, 1);
    else if (op === "move" && Array.isArray(parent)) {
      const target = to as Path;
      const item = parent[last] as unknown;
      let into = valueAt(copy, target.slice(0, -1)) as unknown[] | undefined;
      if (into === undefined) {
        into = [];
        (valueAt(copy, target.slice(0, -2)) as Record<string, unknown>)[String(target.at(-2))] = into;
      }
      const mark = {};
      parent[last] = mark as never;
      into.splice(target.at(-1) as number, 0, item);
      parent.splice(parent.indexOf(mark), 1);
    } else throw new Error(`cannot ${op}`);
  }
  return copy;
}

const ids = (value: unknown): unknown =>
  Array.isArray(value)
    ? value.map((item: unknown) =>
        isMap(item)
          ? item["then"]
            ? { [String(item["id"])]: ids(item["then"]), ...(item["else"] ? { else: ids(item["else"]) } : {}) }
            : item["id"]
          : item,
      )
    : value;
const after = (operations: Operation[]) => ids(done(data(), operations)["steps"]);

test("a step moves down its list", () => {
  expect(after(moveSteps(data(), [["steps", 0]], { list: ["steps"], index: 3 }))).toEqual([
    { b: ["c", "d"] },
    "e",
    "a",
    "s",
  ]);
});

test("a step moves into a branch whose own step moves up by that", () => {
  expect(after(moveSteps(data(), [["steps", 0]], { list: ["steps", 1, "then"], index: 1 }))).toEqual([
    { b: ["c", "a", "d"] },
    "e",
    "s",
  ]);
});

test("several steps from several lists come together, in reading order", () => {
  const paths: Path[] = [
    ["steps", 2],
    ["steps", 1, "then", 1],
    ["steps", 0],
  ];
  expect(after(moveSteps(data(), paths, { list: ["steps", 1, "then"], index: 0 }))).toEqual([
    { b: ["a", "d", "e", "c"] },
    "s",
  ]);
});

test("a branch that is not in the file yet is made, and `stop` becomes a list", () => {
  expect(after(moveSteps(data(), [["steps", 0]], { list: ["steps", 1, "else"], index: 0 }))).toEqual([
    { b: ["c", "d"], else: ["a"] },
    "e",
    "s",
  ]);
  const moved = done(
    data(),
    moveSteps(
      data(),
      [
        ["steps", 0],
        ["steps", 2],
      ],
      { list: ["steps", 3, "default"], index: 0 },
    ),
  );
  expect(valueAt(moved, ["steps", 1, "default"])).toEqual([
    { id: "a", log: "a" },
    { id: "e", log: "e" },
  ]);
});

test("a step cannot move into itself, and a move to where it stands is none", () => {
  expect(canMove([["steps", 1]], { list: ["steps", 1, "then"], index: 0 })).toBe(false);
  expect(canMove([["steps", 1]], { list: ["steps"], index: 1 })).toBe(false);
  expect(canMove([["steps", 1]], { list: ["steps"], index: 2 })).toBe(false);
  expect(
    canMove(
      [
        ["steps", 1],
        ["steps", 2],
      ],
      { list: ["steps"], index: 2 },
    ),
  ).toBe(false);
  expect(
    canMove(
      [
        ["steps", 0],
        ["steps", 2],
      ],
      { list: ["steps"], index: 1 },
    ),
  ).toBe(true);
  expect(moveSteps(data(), [["steps", 1]], { list: ["steps"], index: 2 })).toEqual([]);
});

test("removing takes the outermost, from the last to the first", () => {
  expect(
    after(
      removeSteps([
        ["steps", 0],
        ["steps", 1, "then", 0],
        ["steps", 1],
        ["steps", 2],
      ]),
    ),
  ).toEqual(["s"]);
});

test("what is put in gets free ids, and what reads it follows", () => {
  const steps = [
    { id: "a", select: "t", where: { id: "${{ inputs.a }}" } },
    { if: "a != null && x.a == 'a'", then: [{ log: "a is ${{ a.total }} of ${{ b }}" }] },
  ];
  expect(freshIds(steps, new Set(["a"]))).toEqual([
    { id: "a_2", select: "t", where: { id: "${{ inputs.a }}" } },
    { if: "a_2 != null && x.a == 'a'", then: [{ log: "a is ${{ a_2.total }} of ${{ b }}" }] },
  ]);
  expect(insertSteps(data(), { list: ["steps"], index: 1 }, [{ id: "e", log: "" }, { log: "" }])).toEqual([
    { op: "insert", path: ["steps", 1], value: { id: "e_2", log: "" } },
    { op: "insert", path: ["steps", 2], value: { log: "" } },
  ]);
  expect(insertSteps(data(), { list: ["steps", 3, "default"], index: 0 }, [{ log: "x" }])).toEqual([
    { op: "set", path: ["steps", 3, "default"], value: [{ log: "x" }] },
  ]);
});

test("a new id is followed in every bare expression and in the steps of a question's notice", () => {
  const steps = [
    { id: "a", select: "t", where: {} },
    { ensure: "a != null", message: "no a" },
    { approve: "Sure?", roles: ["admin"], notify: [{ id: "sent", log: "${{ a.total }}" }] },
  ];
  expect(freshIds(steps, new Set(["a", "sent"]))).toEqual([
    { id: "a_2", select: "t", where: {} },
    { ensure: "a_2 != null", message: "no a" },
    { approve: "Sure?", roles: ["admin"], notify: [{ id: "sent_2", log: "${{ a_2.total }}" }] },
  ]);
});

test("a copy keeps its comments when one new id is enough", () => {
  expect(duplicateStep(data(), ["steps", 0])).toEqual([
    { op: "copy", path: ["steps", 0], to: ["steps", 1], id: "a_2" },
  ]);
  expect(duplicateStep(data(), ["steps", 1])[0]?.op).toBe("insert");
});

test("steps that stand together can be wrapped", () => {
  expect(
    areTogether([
      ["steps", 1],
      ["steps", 0],
    ]),
  ).toBe(true);
  expect(
    areTogether([
      ["steps", 0],
      ["steps", 2],
    ]),
  ).toBe(false);
  expect(
    wrapSteps(
      [
        ["steps", 1],
        ["steps", 2],
      ],
      "if",
    ),
  ).toEqual([{ op: "wrap", path: ["steps", 1], count: 2, key: "then", value: { if: "true" } }]);
  expect(
    wrapSteps(
      [
        ["steps", 0],
        ["steps", 2],
      ],
      "if",
    ),
  ).toEqual([]);
});

test("a switch takes a case or a condition, whichever it has", () => {
  expect(addBranch(data(), ["steps", 3], "two")).toEqual([
    { op: "set", path: ["steps", 3, "cases", "two"], value: [] },
  ]);
  const conditions = { steps: [{ switch: null, cases: [{ when: "a", do: [] }] }] };
  expect(addBranch(conditions, ["steps", 0], "b")).toEqual([
    { op: "insert", path: ["steps", 0, "cases", 1], value: { when: "b", do: [] } },
  ]);
});
