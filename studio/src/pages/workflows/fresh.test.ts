import { expect, test } from "vitest";
import { parse } from "yaml";
import { idOf, STARTS, textOf } from "./fresh";

test("a name becomes a file name", () => {
  expect(["Refund an order!", "  Größe prüfen ", "a--b", "!!"].map(idOf)).toEqual([
    "refund-an-order",
    "große-prufen".replace("ß", "-"),
    "a-b",
    "",
  ]);
});

test.each(STARTS.map((start) => start.kind))(
  "a new workflow that starts on %s is YAML with its name as given",
  (kind) => {
    const workflow = parse(textOf('Say "hi": #1', "say-hi", kind)) as Record<string, unknown>;
    expect(workflow["name"]).toBe('Say "hi": #1');
    expect(workflow["steps"]).toEqual([{ log: "it ran" }]);
    expect(Object.keys(workflow["on"] as object)[0]).toBe(kind);
  },
);
