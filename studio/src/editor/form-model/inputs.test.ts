import { describe, expect, it } from "vitest";
import { freeName, inputFields, inputValue, ruleProblem, shapeOf } from "./inputs";

const SHORT = {
  order_id: "uuid",
  "amount?": "int 1..",
  reason: "requested_by_customer | duplicate = duplicate",
  session: "string cs_*",
  items: [{ sku: "string", quantity: "int 1..20" }],
  address: { city: "string", "zip?": "string 1..10" },
};

describe("the short form of inputs", () => {
  it("is read into rows and written back the same", () => {
    const fields = inputFields(SHORT) ?? [];
    expect(Object.fromEntries(fields.map((field) => [field.key, inputValue(field.shape)]))).toEqual(SHORT);
    expect(fields.find((field) => field.name === "amount")).toMatchObject({
      optional: true,
      shape: { kind: "typed", type: "int", rule: "1..", fallback: null },
    });
    expect(fields.find((field) => field.name === "reason")).toMatchObject({
      shape: { kind: "choices", choices: ["requested_by_customer", "duplicate"], fallback: "duplicate" },
    });
  });

  it("leaves what it does not know as it is", () => {
    expect(inputFields({ type: "object", properties: {} })).toBeNull();
    expect(inputValue(shapeOf("strng"))).toBe("strng");
    expect(inputValue(shapeOf({ type: "string", maxLength: 3 }))).toEqual({ type: "string", maxLength: 3 });
  });

  it("says what is wrong with a rule", () => {
    expect(ruleProblem("int", "1..20")).toBeNull();
    expect(ruleProblem("string", "cs_*")).toBeNull();
    expect(ruleProblem("int", "20..1")).toMatch(/smaller/);
    expect(ruleProblem("int", "1.5..2")).toMatch(/whole/);
    expect(ruleProblem("int", "..")).toMatch(/one end/);
    expect(ruleProblem("int", "cs_*")).toMatch(/range/);
  });

  it("finds a free name", () => {
    expect(freeName("field", ["field?", "field_2"])).toBe("field_3");
  });
});
