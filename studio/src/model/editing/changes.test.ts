import { expect, test } from "vitest";
import { changesOf } from "./changes";

test("what stands in previous_attributes is laid against the object, deep inside too", () => {
  const object = {
    status: "active",
    cancel_at: null,
    items: { data: [{ id: "si_1", quantity: 3 }] },
    metadata: { plan: "pro", vat: "DE1" },
  };
  const previous = {
    status: "trialing",
    cancel_at: 1802,
    items: { data: [{ id: "si_1", quantity: 1 }] },
    metadata: { plan: "basic", vat: null },
  };
  expect(changesOf(previous, object)).toEqual([
    { path: "status", before: "trialing", after: "active", kind: "changed" },
    { path: "cancel_at", before: 1802, after: null, kind: "removed" },
    { path: "items.data[0].quantity", before: 1, after: 3, kind: "changed" },
    { path: "metadata.plan", before: "basic", after: "pro", kind: "changed" },
    { path: "metadata.vat", before: null, after: "DE1", kind: "added" },
  ]);
});

test("items that came or went are told as a whole, and what is the same is left out", () => {
  expect(
    changesOf(
      { lines: [{ id: "a" }], same: { a: [1, { b: 2 }] } },
      { lines: [{ id: "a" }, { id: "b" }], same: { a: [1, { b: 2 }] } },
    ),
  ).toEqual([{ path: "lines[1]", before: null, after: { id: "b" }, kind: "added" }]);
});

test("an event that changed nothing has no changes", () => {
  expect(changesOf(undefined, { a: 1 })).toEqual([]);
  expect(changesOf({}, { a: 1 })).toEqual([]);
});
