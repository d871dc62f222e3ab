import { describe, expect, it } from "vitest";
import { freeId, idOfAction, idProblem, namesOfTriggers, stepIds, subjectOf, usedNames, verbOf } from "./steps";
import { operatorOf, withOperator } from "./values/where";

const data = {
  on: [{ api: "POST /x", auth: "user" }, { manual: true }],
  steps: [
    { id: "order", select: "orders", where: { id: "x" } },
    { switch: "event.action", cases: { paid: [{ id: "mail", email: "receipt", to: "x" }] }, default: [{ log: "no" }] },
    { try: [{ log: "a" }], catch: [{ errors: "card_declined", do: [{ id: "note", log: "b" }] }] },
    { parallel: { one: [{ log: "c" }] } },
    { let: { list: [{ log: "not a step" }] } },
  ],
};

describe("what is selected", () => {
  it("is the step around a place, the trigger, or the workflow", () => {
    expect(subjectOf(data, ["steps", 0, "where", "id"])).toEqual({ kind: "step", path: ["steps", 0], verb: "select" });
    expect(subjectOf(data, ["steps", 1, "cases", "paid", 0, "to"])).toEqual({
      kind: "step",
      path: ["steps", 1, "cases", "paid", 0],
      verb: "email",
    });
    expect(subjectOf(data, ["steps", 2, "catch", 0, "do", 0])).toMatchObject({
      path: ["steps", 2, "catch", 0, "do", 0],
      verb: "log",
    });
    expect(subjectOf(data, ["steps", 2, "catch", 0, "errors"])).toMatchObject({ path: ["steps", 2], verb: "try" });
    expect(subjectOf(data, ["steps", 3, "parallel", "one", 0])).toMatchObject({ verb: "log" });
    expect(subjectOf(data, ["steps", 4, "let", "list", 0])).toMatchObject({ path: ["steps", 4], verb: "let" });
    expect(subjectOf(data, ["on", 1])).toEqual({ kind: "trigger", path: ["on", 1], trigger: "manual" });
    expect(subjectOf(data, ["name"])).toEqual({ kind: "workflow", path: [] });
    expect(subjectOf(data, null)).toEqual({ kind: "workflow", path: [] });
  });

  it("knows a step by its verb", () => {
    expect(verbOf({ id: "x", refund: 1 })).toBeNull();
    expect(verbOf({ id: "x", if: "true", then: [] })).toBe("if");
  });
});

describe("ids", () => {
  it("leave `row` and `old` to a trigger on a changed row", () => {
    const onRow = { on: [{ table: "orders", on: ["insert"] }], steps: [] };
    expect(freeId("row", usedNames(onRow))).toBe("row_2");
    expect(freeId("row", usedNames({ on: { manual: true }, steps: [] }))).toBe("row");
    expect(idProblem("row", [], namesOfTriggers(onRow))).toMatch(/trigger's row/);
    expect(idProblem("row", [], namesOfTriggers({ on: { manual: true } }))).toBeNull();
  });

  it("are those of steps at any depth, not of data that looks like one", () => {
    expect(stepIds(data)).toEqual(["order", "mail", "note"]);
  });

  it("are refused when they cannot be used", () => {
    expect(idProblem("order", ["order"])).toMatch(/Another step/);
    expect(idProblem("event", [])).toMatch(/reserved for expressions/);
    expect(idProblem("Order", [])).toMatch(/Use lowercase letters/);
    expect(idProblem("order_2", ["order"])).toBeNull();
  });

  it("are made for people", () => {
    expect(freeId("ensure-customer", [])).toBe("ensure_customer");
    expect(freeId("session", ["session", "session_2"])).toBe("session_3");
    expect(freeId("event", [])).toBe("event_1");
    expect([
      idOfAction("checkout.sessions.create"),
      idOfAction("payment_intents.create"),
      idOfAction("customers.list"),
      idOfAction("tax_ids.create"),
    ]).toEqual(["session", "intent", "customers", "tax_id"]);
  });
});

describe("a condition on a column", () => {
  it("changes its operator and keeps what is compared", () => {
    expect(operatorOf(["a", "b"])).toBe("in");
    expect(operatorOf({ gt: 1 })).toBe("gt");
    expect(operatorOf({ gt: 1, lt: 5 })).toBeNull();
    expect(withOperator("paid", "in")).toEqual(["paid"]);
    expect(withOperator(["paid", "x"], "is")).toBe("paid");
    expect(withOperator({ gt: 3 }, "lte")).toEqual({ lte: 3 });
    expect(withOperator("a", "is_null")).toEqual({ is_null: true });
    expect(withOperator({ is_null: true }, "is")).toBe("");
  });
});
