import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { stepsAsText, stepsOfText } from "./clipboard";
import { flowOf, stepsOf } from "./graph";
import { type Item, layoutOf, lineOf } from "./layout";
import { overlayOf } from "./run-overlay";
import { parse } from "./parse";
import type { Path } from "./path";

const TEXT = `name: Settle
on:
  - stripe: payment_intent
    actions: [succeeded, payment_failed]
  - manual: true
steps:
  - switch: event.action
    cases:
      succeeded:
        - id: order               # the order it pays
          update: orders
          where: {id: "\${{ object.metadata.order_id }}"}
          set: {status: paid}
        - if: order != null
          then:
            - email: receipt
              to: \${{ order.email }}
      payment_failed: []
    default: stop
  - try:
      - id: refund
        stripe: refunds.create
        with: {payment_intent: pi_1}
    catch:
      - errors: [card_declined]
        do:
          - raise: {code: no, message: Not possible}
  - for_each: items
    as: one
    do:
      - log: \${{ one }}
`;

const document = (() => {
  const read = parse(TEXT).document;
  if (read === null) throw new Error("does not parse");
  return read;
})();
const flow = flowOf(document.data);

test("a step says its verb, its target and what matters of the rest", () => {
  const told = [...stepsOf(flow)].map((one) => `${one.verb} ${one.title} | ${one.detail}`);
  expect(told).toEqual([
    "switch event.action | ",
    "update orders | set status · where id",
    "if order != null | ",
    "email receipt | to order.email",
    "try  | ",
    "stripe refunds.create | with payment_intent",
    "raise no | Not possible",
    "for_each one in items | ",
    "log one | ",
  ]);
});

test("branches stand in the order of the file, those that are not there yet included", () => {
  const [choice, attempt] = flow.main.steps;
  expect(choice?.branches.map((one) => [one.label, one.exists, one.word])).toEqual([
    ["succeeded", true, null],
    ["payment_failed", true, null],
    ["otherwise", false, "stop"],
  ]);
  expect(choice?.branches[0]?.steps[1]?.branches.map((one) => [one.label, one.exists])).toEqual([
    ["then", true],
    ["else", false],
  ]);
  expect(attempt?.branches.map((one) => one.label)).toEqual(["try", "catch card_declined"]);
});

test("several triggers are told in their own words", () => {
  expect(flow.triggers.map((one) => [one.title, one.detail])).toEqual([
    ["payment_intent", "succeeded, payment_failed"],
    ["started by hand", "auth user"],
  ]);
});

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
    for (const item of items.filter((one) => one.kind === "step" && one.key.startsWith(`${frame.key}/`))) {
      expect(item.box.x).toBeGreaterThanOrEqual(frame.box.x);
      expect(item.box.x + item.box.width).toBeLessThanOrEqual(frame.box.x + frame.box.width);
      expect(item.box.y + item.box.height).toBeLessThanOrEqual(frame.box.y + frame.box.height);
    }
  }
});

test("every workflow of the templates is laid out without overlaps", () => {
  for (const folder of ["../templates/shop/workflows", "../templates/gallery/workflows"]) {
    for (const file of readdirSync(folder).filter((one) => one.endsWith(".yaml"))) {
      const { document: read, problem } = parse(readFileSync(`${folder}/${file}`, "utf8"));
      expect(problem, file).toBeNull();
      if (read !== null) expect(overlaps(layoutOf(flowOf(read.data)).items), file).toEqual([]);
    }
  }
});

test("items come in reading order: a step before its branches, a branch before the next", () => {
  const keys = layoutOf(flow)
    .items.filter((one) => one.kind === "step")
    .map((one) => one.key);
  expect(keys).toEqual([...stepsOf(flow)].map((one) => one.key));
});

test("every list has a place before each step and one at its end", () => {
  const places = layoutOf(flow)
    .items.filter((one) => one.kind === "place")
    .map((one) => one.key);
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
  const before = layoutOf(flow).items.filter((one) => one.kind !== "place");
  const after = new Map(layoutOf(flowOf(longer)).items.map((one) => [one.key, one.box]));
  for (const item of before.filter((one) => one.kind !== "label" || one.key !== "l:on_error"))
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
  ["hello", "no workflow steps"],
  ["a: [", "not YAML"],
  ["- &a {log: x}\n- *a", "anchors"],
])("says why %j cannot be pasted", (text, problem) => {
  expect(stepsOfText(text).problem).toContain(problem);
});

test("a whole workflow can be pasted: its steps are taken", () => {
  expect(stepsOfText(TEXT).steps).toHaveLength(3);
});
