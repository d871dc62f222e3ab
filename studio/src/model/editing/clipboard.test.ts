import { expect, test } from "vitest";
import { stepsAsText, stepsOfText } from "./clipboard";
import type { Path } from "@/model/document/path";
import { document, TEXT } from "@/model/graph/test-example";

test("copied steps are YAML as it stood, comments included, and read back", () => {
  const paths: Path[] = [
    ["steps", 0, "cases", "succeeded", 0],
    ["steps", 1],
    ["steps", 1, "try", 0],
  ];
  const text = stepsAsText(document, TEXT, paths);
  expect(text.split("\n")[0]).toBe("- id: order               # the order it pays");
  expect(stepsOfText(text).steps).toEqual([
    { id: "order", update: "orders", where: { id: "${{ object.metadata.order_id }}" }, set: { status: "paid" } },
    (document.data["steps"] as unknown[])[1],
  ]);
});

test.each([
  ["", "empty"],
  ["hello", "doesn't contain workflow steps"],
  ["a: [", "doesn't contain YAML"],
  ["- &a {log: x}\n- *a", "anchors"],
])("says why %j cannot be pasted", (text, problem) => {
  expect(stepsOfText(text).problem).toContain(problem);
});

test("a whole workflow can be pasted: its steps are taken", () => {
  expect(stepsOfText(TEXT).steps).toHaveLength(3);
});
