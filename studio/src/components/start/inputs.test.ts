import { expect, it } from "vitest";
import { fieldsOf, filledBy, read } from "./inputs";

const REFUND = {
  type: "object",
  properties: {
    order_id: { type: "string", format: "uuid" },
    request_id: { type: "string", format: "uuid" },
    amount: { type: "integer", minimum: 1 },
    reason: { type: "string", enum: ["duplicate", "fraudulent"], default: "duplicate" },
    notify: { type: "boolean" },
    lines: { type: "array" },
  },
  required: ["order_id", "request_id"],
};
const fields = fieldsOf(REFUND, { order_id: "o1" }, () => "new");

it("fields begin with what is known, a new request key, and defaults", () => {
  expect(fields.map(({ name, kind, text, required }) => [name, kind, text, required])).toEqual([
    ["order_id", "text", "o1", true],
    ["request_id", "text", "new", true],
    ["amount", "number", "", false],
    ["reason", "choice", "duplicate", false],
    ["notify", "choice", "", false],
    ["lines", "json", "", false],
  ]);
  expect(fieldsOf(null, {}, () => "new")).toEqual([]);
});

it("what is written is read by its type, and an empty text is no input", () => {
  expect(read(fields, { amount: " 500 ", notify: "false", lines: "[1]" })).toEqual({
    inputs: { order_id: "o1", request_id: "new", amount: 500, reason: "duplicate", notify: false, lines: [1] },
  });
  expect(read(fields, { order_id: "", amount: "five", lines: "[" })).toEqual({
    wrong: { order_id: "Required", amount: "A number, such as 500.", lines: "JSON." },
  });
});

it("a workflow is about what fills one of its required inputs", () => {
  expect(filledBy(REFUND, { order_id: "o1", amount: "5" })).toEqual(["order_id"]);
  expect(filledBy(REFUND, { amount: "5" })).toEqual([]);
});
