import { describe, expect, it } from "vitest";
import { asExpression, asLiteral, closingOf, expressionIn, modeOf, parts, unwrapped, wrapped } from "./template";

describe("a value", () => {
  it("is one expression, text, or text with expressions in it", () => {
    expect(modeOf("${{ order.id }}")).toBe("expression");
    expect(modeOf("  ${{ order.id }} ")).toBe("expression");
    expect(modeOf("order-${{ order.id }}")).toBe("mixed");
    expect(modeOf("${{ a }}${{ b }}")).toBe("mixed");
    expect(modeOf("$${{ not.one }}")).toBe("literal");
    expect(modeOf("{CHECKOUT_SESSION_ID}")).toBe("literal");
    expect(modeOf(12)).toBe("literal");
  });

  it("ends its expression at the braces that are not inside a string or a map", () => {
    expect(expressionIn("${{ {'a': {'b': 1}} }}")).toBe("{'a': {'b': 1}}");
    expect(expressionIn("${{ '}}' + x }}")).toBe("'}}' + x");
    expect(expressionIn("${{ 'it\\'s }}' }}")).toBe("'it\\'s }}'");
    expect(expressionIn("${{ '''a 'quoted' }}''' }}")).toBe("'''a 'quoted' }}'''");
    expect(closingOf("${{ 'open", 3)).toBe(-1);
  });

  it("is cut into parts, also while it is being typed", () => {
    expect(parts("a ${{ b }} c").map((part) => [part.kind, part.text])).toEqual([
      ["text", "a "],
      ["expression", " b "],
      ["text", " c"],
    ]);
    expect(parts("a ${{ b").at(-1)).toMatchObject({ kind: "expression", closed: false, from: 2 });
    expect(parts("")).toHaveLength(1);
  });

  it("changes into an expression that gives the same", () => {
    expect(asExpression("it's")).toBe("'it\\'s'");
    expect(asExpression(12)).toBe("12");
    expect(asExpression("order-${{ order.id }}")).toBe("'order-' + string(order.id)");
    expect(asExpression({ a: [1, "b", "${{ c }}"] })).toBe("{'a': [1, 'b', c]}");
    expect(asExpression("$${{ x")).toBe("'${{ x'");
    expect(asExpression(undefined)).toBe("");
  });

  it("changes back where the expression is a literal", () => {
    expect(asLiteral("'abc'")).toBe("abc");
    expect(asLiteral("-12")).toBe(-12);
    expect(asLiteral("true")).toBe(true);
    expect(asLiteral("'a' + 'b'")).toBeUndefined();
    expect(asLiteral("order.id")).toBeUndefined();
    expect(asLiteral(asExpression("it's \\ here"))).toBe("it's \\ here");
  });

  it("is wrapped and unwrapped", () => {
    expect(wrapped(" order.id ")).toBe("${{ order.id }}");
    expect(wrapped("  ")).toBe("");
    expect(unwrapped("${{ order != null }}")).toBe("order != null");
  });
});
