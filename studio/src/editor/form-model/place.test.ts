import { describe, expect, it } from "vitest";
import { equal, removeAt, setAt } from "./place";

const data = {
  steps: [
    { stripe: "refunds.create", with: { amount: 1 } },
    { select: "orders", where: { any: [{ id: 1 }] } },
  ],
};

describe("a change of a field", () => {
  it("is one operation, with the maps that are missing on the way", () => {
    expect(setAt(data, ["steps", 0, "with", "amount"], 2)).toEqual({
      op: "set",
      path: ["steps", 0, "with", "amount"],
      value: 2,
    });
    expect(setAt(data, ["steps", 0, "retry", "attempts"], 3)).toEqual({
      op: "set",
      path: ["steps", 0, "retry"],
      value: { attempts: 3 },
    });
    expect(setAt(data, ["steps", 0, "with", "items", 0, "price"], "p")).toEqual({
      op: "set",
      path: ["steps", 0, "with", "items"],
      value: [{ price: "p" }],
    });
    expect(setAt({ steps: [{ with: "${{ x }}" }] }, ["steps", 0, "with", "a"], 1)).toEqual({
      op: "set",
      path: ["steps", 0, "with"],
      value: { a: 1 },
    });
  });

  it("puts what goes behind the last item into the list", () => {
    expect(setAt(data, ["steps", 1, "where", "any", 1], { id: 2 })).toEqual({
      op: "insert",
      path: ["steps", 1, "where", "any", 1],
      value: { id: 2 },
    });
  });

  it("takes away what is left empty, as far as it may", () => {
    expect(removeAt(data, ["steps", 0, "with", "amount"], 2)).toEqual({ op: "remove", path: ["steps", 0, "with"] });
    expect(removeAt(data, ["steps", 0, "with", "amount"], 3)).toEqual({
      op: "remove",
      path: ["steps", 0, "with", "amount"],
    });
  });
});

it("equal values are equal whatever the order of their keys", () => {
  expect(equal({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(equal({ a: 1 }, { a: 1, b: undefined })).toBe(false);
  expect(equal([1, 2], [2, 1])).toBe(false);
});
