import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { flowOf, stepsOf } from "./graph";
import { CARD, type Item, layoutOf, named } from "./layout";
import { lineOf } from "@/model/document/line";
import { parse } from "@/model/document/parse";
import { document, flow } from "./test-example";

const overlaps = (items: Item[]): string[] =>
  items.flatMap((a, at) =>
    items.slice(at + 1).flatMap((b) => {
      const apart =
        a.box.x + a.box.width <= b.box.x ||
        b.box.x + b.box.width <= a.box.x ||
        a.box.y + a.box.height <= b.box.y ||
        b.box.y + b.box.height <= a.box.y;
      return apart ? [] : [`${a.key} over ${b.key}`];
    }),
  );

test("nothing overlaps, and everything of a step is inside its frame", () => {
  const { items, frames } = layoutOf(flow);
  expect(overlaps(items)).toEqual([]);
  for (const frame of frames) {
    for (const item of items.filter((item) => item.kind === "step" && item.key.startsWith(`${frame.key}/`))) {
      expect(item.box.x).toBeGreaterThanOrEqual(frame.box.x);
      expect(item.box.x + item.box.width).toBeLessThanOrEqual(frame.box.x + frame.box.width);
      expect(item.box.y + item.box.height).toBeLessThanOrEqual(frame.box.y + frame.box.height);
    }
  }
});

test("every workflow of the templates is laid out without overlaps", () => {
  for (const folder of ["../templates/shop/workflows", "../templates/gallery/workflows"]) {
    for (const file of readdirSync(folder).filter((name) => name.endsWith(".yaml"))) {
      const { document: read, problem } = parse(readFileSync(`${folder}/${file}`, "utf8"));
      expect(problem, file).toBeNull();
      if (read !== null) expect(overlaps(layoutOf(flowOf(read.data)).items), file).toEqual([]);
    }
  }
});

test("items come in reading order: a step before its branches, a branch before the next", () => {
  const keys = layoutOf(flow)
    .items.filter((item) => item.kind === "step")
    .map((item) => item.key);
  expect(keys).toEqual([...stepsOf(flow)].map((step) => step.key));
});

test("every list has a place before each step and one at its end", () => {
  const places = layoutOf(flow)
    .items.filter((item) => item.kind === "place")
    .map((item) => item.key);
  expect(places).toContain("p:steps/0/cases/payment_failed/0");
  expect(places).toContain("p:steps/0/default/0");
  expect(
    places.filter((key) => key.startsWith("p:steps/0/cases/succeeded/") && key.split("/").length === 5),
  ).toHaveLength(3);
  expect(new Set(places).size).toBe(places.length);
});

test("a change further down moves nothing above it", () => {
  const longer = structuredClone(document.data);
  (longer["steps"] as unknown[]).push({ log: "end" });
  const before = layoutOf(flow).items.filter((item) => item.kind !== "place");
  const after = new Map(layoutOf(flowOf(longer)).items.map((item) => [item.key, item.box]));
  for (const item of before.filter((entry) => entry.kind !== "label" || entry.key !== "l:on_error"))
    expect(after.get(item.key)).toEqual(item.box);
});

test("lines turn with round corners", () => {
  expect(
    lineOf([
      [0, 0],
      [0, 20],
      [0, 20],
      [50, 20],
    ]),
  ).toBe("M0,0L0,12Q0,20 8,20L50,20");
});

const flowOfText = (text: string) => flowOf(parse(text).document?.data ?? {});
const boxOf = (items: Item[], key: string) => items.find((item) => item.key === key)?.box;

test("triggers are side by side, in the middle above the first step, each with a line to it", () => {
  const { items, wires, width } = layoutOf(flow);
  const [first, second] = items.filter((item) => item.kind === "trigger");
  expect(first?.box.y).toBe(0);
  expect(second?.box.y).toBe(0);
  const left = first?.box.x ?? NaN;
  const right = (second?.box.x ?? NaN) + CARD.width;
  expect((left + right) / 2).toBeCloseTo(width / 2);
  expect(wires.find((wire) => wire.key === "w:on/0")?.needs).toEqual(["on/0", "steps/0"]);
});

test("a read-only layout has no place to add a step, nor a button for a further branch", () => {
  const { items } = layoutOf(flow, { places: false });
  expect(items.filter((item) => item.kind === "place" || item.kind === "add")).toEqual([]);
  expect(items.filter((item) => item.kind === "step").map((item) => item.key)).toEqual(
    [...stepsOf(flow)].map((step) => step.key),
  );
});

test("a branch that stops has no line to what comes after its step", () => {
  const keys = layoutOf(flow).wires.map((wire) => wire.key);
  expect(keys).toContain("m:steps/0/cases/succeeded");
  expect(keys).not.toContain("m:steps/0/default");
});

test("a longer label is wider, and never wider than its branch", () => {
  const widthOf = (name: string): number =>
    boxOf(
      layoutOf(flowOfText(`steps:\n  - switch: x\n    cases:\n      ${name}: []\n      b: []\n`)).items,
      `l:steps/0/cases/${name}`,
    )?.width ?? NaN;
  expect(widthOf("a")).toBe(72);
  expect(widthOf("succeeded")).toBeGreaterThan(widthOf("a"));
  expect(widthOf("a_very_long_name_of_a_case_that_goes_on")).toBe(176);
});

test("the steps for a failed run have a red frame below the others; without them there is a place for them", () => {
  const empty = layoutOf(flow);
  expect(empty.frames.some((frame) => frame.tone === "bad")).toBe(false);
  expect(empty.items.at(-1)?.key).toBe("p:on_error/0");
  const failing = layoutOf(flowOfText("steps:\n  - log: a\non_error:\n  - log: failed\n"));
  const frame = failing.frames.find((frame) => frame.tone === "bad");
  expect(frame?.key).toBe("on_error");
  expect(frame?.box.y).toBeGreaterThan((boxOf(failing.items, "steps/0")?.y ?? NaN) + CARD.height);
  expect(boxOf(failing.items, "on_error/0")?.y).toBeGreaterThan(frame?.box.y ?? NaN);
});

test("the layout is as high as its lowest item, and wide enough for every one", () => {
  const { items, width, height } = layoutOf(flow);
  expect(Math.max(...items.map(({ box }) => box.y + box.height))).toBeLessThanOrEqual(height);
  expect(Math.min(...items.map(({ box }) => box.x))).toBeGreaterThanOrEqual(0);
  expect(Math.max(...items.map(({ box }) => box.x + box.width))).toBeLessThanOrEqual(width);
});

test("a step is named by its name, else its id, else its verb and target", () => {
  const [byName, byId, byVerb] = flowOfText(
    "steps:\n  - {log: a, id: x, name: Tell}\n  - {log: a, id: x}\n  - select: orders\n",
  ).main.steps;
  expect([byName, byId, byVerb].map((step) => (step === undefined ? "" : named(step)))).toEqual([
    "Tell",
    "x",
    "select orders",
  ]);
});
