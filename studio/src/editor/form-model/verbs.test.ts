import { describe, expect, it } from "vitest";
import { entriesOf } from "./verbs";

const schema = (...keys: string[]) => ({
  type: "object",
  properties: Object.fromEntries(keys.map((key) => [key, { type: "string" }])),
});
const entry = (verb: string, key: string) => entriesOf(verb, schema(verb, key)).find((entry) => entry.key === key);

describe("the form of a verb", () => {
  it.each(["if", "filter", "ensure", "while", "for_each", "switch"])(
    "writes the value of %s without ${{ }}",
    (verb) => {
      expect(entry(verb, verb)?.field.writing).toBe("bare");
    },
  );

  it("writes other values with ${{ }} around an expression", () => {
    expect(entry("ensure", "message")?.field.writing).toBe("value");
  });

  it.each([
    ["approve", "notify"],
    ["approve", "on_timeout"],
    ["try", "finally"],
    ["switch", "default"],
    ["log", "on_error"],
  ])("lists the steps of %s under %s", (verb, key) => {
    expect(entry(verb, key)?.control).toBe("steps");
  });
});
