import { describe, expect, it } from "vitest";
import { emptyOf, guessed, read, textOf } from "./literal";
import { alternativeOf, alternativesOf, couldBe, fieldOf, fieldsOf, itemOf, nameIn, wordOf } from "./schema";

describe("a schema", () => {
  it("becomes a field with its kind and words", () => {
    expect(wordOf(fieldOf("amount", { type: "integer", "x-unit": "minor" }))).toBe("minor units");
    expect(wordOf(fieldOf("expires_at", { type: "integer", format: "unix-time" }))).toBe("moment");
    expect(wordOf(fieldOf("items", { type: "array", items: { type: "object", properties: { a: {} } } }))).toBe(
      "list of object",
    );
    expect(wordOf(fieldOf("metadata", { type: "object", additionalProperties: { type: ["string", "number"] } }))).toBe(
      "keys and values",
    );
    expect(fieldOf("percent_off", { type: "number" }).unit).toBe("percent");
  });

  it("loses null and the empty text that unsets, and remembers that there was one", () => {
    const field = fieldOf("message", {
      anyOf: [
        { type: "string", enum: [""] },
        { type: "object", properties: { message: { type: "string" } }, required: ["message"] },
      ],
    });
    expect(field.kind).toBe("object");
    expect(field.unsettable).toBe(true);
    expect(fieldOf("limit", { anyOf: [{ type: "integer" }, { type: "null" }] }).kind).toBe("integer");
  });

  it("puts required parts first, takes one of several names for the same, and leaves the others out", () => {
    const field = fieldOf("with", {
      type: "object",
      properties: {
        amount: { type: "integer" },
        id: { type: "string" },
        payment_intent: { type: "string", "x-alias-of": "id" },
        expand: { type: "array" },
      },
      required: [],
      "x-one-of": [["id", "payment_intent"]],
    });
    expect(fieldsOf(field).map((field) => [field.name, field.required])).toEqual([
      ["id", true],
      ["amount", false],
      ["expand", false],
    ]);
    const id = fieldsOf(field)[0];
    expect(id && nameIn(id, field, { payment_intent: "pi_1" })).toBe("payment_intent");
    expect(id && nameIn(id, field, {})).toBe("id");
  });

  it("needs of a group the one that is filled in, else the one that is there, else the first", () => {
    const field = fieldOf("with", {
      type: "object",
      properties: { percent_off: { type: "number" }, amount_off: { type: "integer" } },
      required: [],
      "x-one-of": [["percent_off", "amount_off"]],
    });
    const needed = (given: Record<string, unknown>) =>
      fieldsOf(field, given)
        .filter(({ required }) => required)
        .map(({ name }) => name);
    expect(needed({})).toEqual(["percent_off"]);
    expect(needed({ amount_off: "" })).toEqual(["amount_off"]);
    expect(needed({ percent_off: "", amount_off: 500 })).toEqual(["amount_off"]);
  });

  it("offers the members of a union by words, and finds the one a value is", () => {
    const field = fieldOf("trial_end", {
      anyOf: [
        { type: "string", enum: ["now"] },
        { type: "integer", format: "unix-time" },
      ],
    });
    expect(alternativesOf(field).map((alternative) => alternative.label)).toEqual(["now", "moment"]);
    expect(alternativeOf(field, 1700000000)).toBe(1);
    expect(alternativeOf(field, "now")).toBe(0);
    expect(couldBe(field, [])).toBe(false);
  });

  it("follows references", () => {
    const field = fieldOf(
      "retry",
      { $ref: "#/$defs/Rule" },
      { definitions: { Rule: { type: "object", properties: { attempts: { type: "integer" } } } } },
    );
    expect(fieldsOf(field).map((field) => field.name)).toEqual(["attempts"]);
  });

  it("names the items of a list in the singular", () => {
    expect(itemOf(fieldOf("line_items", { type: "array", items: {} })).name).toBe("line_item");
    expect(itemOf(fieldOf("currencies", { type: "array", items: {} })).name).toBe("currency");
  });
});

describe("text typed into a field", () => {
  const amount = fieldOf("amount", { type: "integer", "x-unit": "minor", minimum: 1 });

  it("is a value, or a mistake that says what to do", () => {
    expect(read(amount, " 2198 ")).toEqual({ ok: true, value: 2198 });
    expect(read(amount, "21.98")).toMatchObject({ ok: false, message: expect.stringContaining("2198") as string });
    expect(read(amount, "0")).toMatchObject({ ok: false, message: "At least 1." });
    expect(read(amount, "99999999999999999999").ok).toBe(false);
    expect(read(amount, "").ok).toBe(false);
    expect(read(fieldOf("note", { type: "string" }), "12")).toEqual({ ok: true, value: "12" });
  });

  it("may be a word beside the known ones where Stripe adds some", () => {
    expect(read(fieldOf("reason", { type: "string", enum: ["duplicate"], "x-open": true }), "new_reason")).toEqual({
      ok: true,
      value: "new_reason",
    });
    expect(read(fieldOf("one", { type: "string", enum: ["required", "optional"] }), "maybe").ok).toBe(false);
  });

  it("is guessed where anything may stand", () => {
    expect([guessed("12"), guessed("007"), guessed("true"), guessed("null"), guessed("1.50"), guessed("abc")]).toEqual([
      12,
      "007",
      true,
      null,
      1.5,
      "abc",
    ]);
  });

  it("shows values as text", () => {
    expect([textOf(undefined), textOf(null), textOf(12), textOf(false), textOf({ a: 1 })]).toEqual([
      "",
      "",
      "12",
      "false",
      '{"a":1}',
    ]);
  });

  it("begins as a to-do", () => {
    expect(
      emptyOf(
        fieldOf("recovery", { type: "object", properties: { enabled: { type: "boolean" } }, required: ["enabled"] }),
      ),
    ).toEqual({ enabled: "" });
    expect(emptyOf(fieldOf("price", { type: "string" }))).toBe("");
    expect(emptyOf(fieldOf("proration_behavior", { enum: ["always_invoice", "create_prorations"] }))).toBe("");
    expect(emptyOf(fieldOf("cancel_at_period_end", { type: "boolean" }))).toBe("");
    expect(emptyOf(fieldOf("one", { enum: ["optional", "required"], default: "required" }))).toBe("required");
    expect(emptyOf(fieldOf("items", { type: "array", items: {} }))).toEqual([]);
  });
});
