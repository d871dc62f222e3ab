import { expect, test } from "vitest";
import { rowsOf, scaleOf, stagesOf, type TimelineStep } from "./timeline";

const START = Date.parse("2026-11-23T12:00:00.000Z");
const at = (ms: number) => new Date(START + ms).toISOString();
let seq = 0;
const step = (path: string, from: number, to: number | null, more: Partial<TimelineStep> = {}): TimelineStep => ({
  path,
  verb: "select",
  action: "orders",
  step_id: null,
  status: to === null ? "waiting" : "succeeded",
  attempts: 1,
  started_at: at(from),
  at: to === null ? null : at(to),
  seq: seq++,
  ...more,
});
const run = { status: "succeeded", created_at: at(0), started_at: at(0), finished_at: at(100) };

test("a path is read as steps and the branches between them", () => {
  expect(stagesOf("5.call.1.then.0")).toEqual([
    { label: "", path: "5" },
    { label: "call", path: "5.call.1" },
    { label: "then", path: "5.call.1.then.0" },
  ]);
});

test("steps of a called workflow are inside it; a branch that was chosen is no row of its own", () => {
  const rows = rowsOf(run, [
    step("2", 0, 10),
    step("5.call.0", 10, 20),
    step("5.call.1.then.0", 20, 60, { verb: "stripe", step_id: "customer" }),
    step("7", 60, 100),
  ]);
  expect(rows.map((row) => [row.key, row.depth, row.title])).toEqual([
    ["2", 0, "Select"],
    ["5", 0, "Call"],
    ["5.call.0", 1, "Select"],
    ["5.call.1.then.0", 1, "customer"],
    ["7", 0, "Select"],
  ]);
  expect(rows[1]).toMatchObject({
    group: true,
    from: START + 10,
    to: START + 60,
    status: "succeeded",
    detail: "2 steps",
  });
});

test("each round of a loop is a group, and a group is as bad as its worst step", () => {
  const rows = rowsOf(run, [step("1.do[0].0", 0, 10), step("1.do[1].0", 10, 20, { status: "failed" })]);
  expect(rows.map((row) => [row.title, row.depth, row.status])).toEqual([
    ["For each", 0, "failed"],
    ["Round 1", 1, "succeeded"],
    ["Select", 2, "succeeded"],
    ["Round 2", 1, "failed"],
    ["Select", 2, "failed"],
  ]);
});

test("a failure of a step that records nothing still has its row, at the end", () => {
  const rows = rowsOf({ ...run, status: "failed", failure: { path: "2.then.0", kind: "too_large" } }, [
    step("1", 0, 40),
  ]);
  expect(rows.at(-1)).toMatchObject({
    key: "2.then.0",
    status: "failed",
    detail: "too_large",
    from: START + 100,
    step: null,
  });
});

test("the document's titles are used, whatever the round", () => {
  const rows = rowsOf(run, [step("1.do[3].0", 0, 10)], (path) => ({
    title: { "1": "Each line", "1.do.0": "Find the price" }[path] ?? null,
    verb: null,
  }));
  expect(rows.map((row) => row.title)).toEqual(["Each line", "Round 4", "Find the price"]);
});

test("what is open goes on until now", () => {
  const open = { ...run, status: "waiting", finished_at: null };
  const rows = rowsOf(open, [step("0", 0, 10), step("1", 10, null)]);
  const scale = scaleOf(open, rows, START + 40);
  expect(rows[1]).toMatchObject({ to: null, status: "waiting" });
  expect(scale.place(START + 10)).toBeCloseTo(0.25);
  expect(scale.breaks).toEqual([]);
});

test("two weeks of waiting leave room for the milliseconds around them", () => {
  const weeks = 14 * 86_400_000;
  const long = { ...run, finished_at: at(weeks + 100) };
  const rows = rowsOf(long, [
    step("0", 0, 50),
    step("1", 50, weeks + 50, { verb: "sleep" }),
    step("2", weeks + 50, weeks + 100),
  ]);
  const scale = scaleOf(long, rows, 0);
  expect(scale.breaks).toHaveLength(1);
  expect(scale.breaks[0]?.ms).toBe(weeks);
  expect(scale.place(START + 50)).toBeCloseTo(50 / 130);
  expect(scale.place(START + weeks + 50)).toBeCloseTo(80 / 130);
  expect([scale.place(START - 5), scale.place(START + weeks + 900)]).toEqual([0, 1]);
});

test("a slow call among quick steps is no wait: it is drawn as long as it was", () => {
  const rows = rowsOf(run, [step("0", 0, 1), step("1", 1, 100, { verb: "stripe" })]);
  const scale = scaleOf(run, rows, 0);
  expect(scale.breaks).toEqual([]);
  expect(scale.place(START + 1)).toBeCloseTo(0.01);
});

test("a run without any step has a scale too", () => {
  const scale = scaleOf({ ...run, finished_at: at(0) }, [], START);
  expect([scale.place(START), scale.place(START + 1)]).toEqual([0, 1]);
});

test("an attempt that a retry set aside stands before the one that replaced it", () => {
  const rows = rowsOf(run, [step("1", 30, 60), step("1#1", 0, 20, { status: "superseded" })], (path) => ({
    title: path === "1" ? "Charge" : null,
    verb: null,
  }));
  expect(rows.map((row) => [row.title, row.status])).toEqual([
    ["Charge", "superseded"],
    ["Charge", "succeeded"],
  ]);
});
