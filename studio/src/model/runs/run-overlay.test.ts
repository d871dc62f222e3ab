import { expect, test } from "vitest";
import { overlayOf } from "./run-overlay";
import { flow } from "@/model/graph/test-example";

test("a run lights the way it took, rounds of loops added up", () => {
  const trace = [
    { path: "0.cases.succeeded.0", status: "succeeded", ms: 4 },
    { path: "0.cases.succeeded.1.then.0", status: "failed", ms: 9 },
    { path: "2.do[0].0", status: "succeeded", ms: 1 },
    { path: "2.do[1].0", status: "succeeded", ms: 2 },
  ];
  const { marks, lit } = overlayOf(flow, trace, { trigger: 0, taken: ["1.catch[0]"] });
  expect(marks.get("steps/2/do/0")).toEqual({ status: "succeeded", ms: 3, times: 2 });
  expect(marks.get("steps/0/cases/succeeded/1/then/0")?.status).toBe("failed");
  for (const key of [
    "on/0",
    "steps/0",
    "steps/0/cases/succeeded",
    "steps/0/cases/succeeded/1",
    "steps/1/catch/0/do",
    "steps/2/do",
  ])
    expect(lit).toContain(key);
  for (const key of ["on/1", "steps/0/default", "steps/0/cases/payment_failed", "steps/1/try"])
    expect(lit).not.toContain(key);
});
