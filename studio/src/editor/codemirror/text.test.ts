import { describe, expect, it } from "vitest";
import { changeBetween, codePoints, inDocument, inText, utf16 } from "./text";
import { expressionsIn } from "./expression-marks";
import { indentAfter } from "./newline";
import { tokens } from "./tokens";

describe("two texts", () => {
  const applied = (before: string, after: string): string => {
    const change = changeBetween(before, after);
    return change === null ? before : before.slice(0, change.from) + change.insert + before.slice(change.to);
  };

  it("differ in one stretch", () => {
    expect(changeBetween("abc", "abc")).toBeNull();
    expect(changeBetween("a: 1\nb: 2\n", "a: 1\nb: 3\n")).toEqual({ from: 8, to: 9, insert: "3" });
    expect(changeBetween("aa", "aaa")).toEqual({ from: 2, to: 2, insert: "a" });
    for (const [text, other] of [
      ["", "x"],
      ["xx", "x"],
      ["😀😃", "😀😀"],
      ["a😀", "a😃"],
      ["abab", "ab"],
    ] as const)
      expect(applied(text, other)).toBe(other);
  });

  it("never cut a character in two", () => {
    const change = changeBetween("😀", "😃");
    expect(change).toEqual({ from: 0, to: 2, insert: "😃" });
  });
});

it("counts characters as the server does", () => {
  expect(utf16("a😀b", 2)).toBe(3);
  expect(codePoints("a😀b", 3)).toBe(2);
  expect(utf16("abc", 9)).toBe(3);
  expect(inDocument("a\r\nb", 3)).toBe(2);
  expect(inText("a\r\nb", 2)).toBe(3);
  expect(inText("a\nb", 2)).toBe(2);
});

it("begins a new line as deep as the one above wants", () => {
  expect(indentAfter("      payment_intent: ${{ a }}   # never: mind")).toBe("      ");
  expect(indentAfter("  - id: order")).toBe("    ");
  expect(indentAfter("    with:")).toBe("      ");
  expect(indentAfter("  - switch:")).toBe("      ");
  expect(indentAfter("    description: |")).toBe("      ");
  expect(indentAfter("    - paid")).toBe("    ");
  expect(indentAfter("  # a comment:")).toBe("  ");
  expect(indentAfter("")).toBe("");
});

describe("expressions in YAML", () => {
  const expressions = (text: string): string[] =>
    expressionsIn(text, 0, "yaml").map((expression) => text.slice(expression.from, expression.to));

  it("stand in braces, or after keys that take one", () => {
    expect(expressions("to: ${{ user.email }}")).toEqual([" user.email "]);
    expect(expressions("  - filter: object.a != 'b'   # why")).toEqual(["object.a != 'b'"]);
    expect(expressions('    when: "a == 1 ? b : c"')).toEqual(["a == 1 ? b : c"]);
    expect(expressions("name: if only")).toEqual([]);
    expect(expressions("log: $${{ not }}")).toEqual([]);
  });

  it("are cut into words", () => {
    expect(tokens("money(a?.b, 'x') >= 1.5 && x in [true]").map((token) => token.kind)).toEqual([
      "call",
      "punctuation",
      "name",
      "operator",
      "name",
      "punctuation",
      "string",
      "punctuation",
      "operator",
      "number",
      "operator",
      "name",
      "operator",
      "punctuation",
      "constant",
      "punctuation",
    ]);
    expect(tokens("'open").map((token) => token.kind)).toEqual(["string"]);
    expect(tokens("§ a").map((token) => token.kind)).toEqual(["name"]);
  });
});
