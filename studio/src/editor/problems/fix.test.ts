import type { Diagnostic } from "@/api/editor";
import { describe, expect, it } from "vitest";
import { fixOf } from "./fix";

const finding = (text: string, stretch: string, message: string, hint: string | null): Diagnostic => {
  const offset = text.indexOf(stretch);
  const place = (at: number) => ({ line: 1, column: at + 1, offset: at });
  return {
    code: "F001",
    severity: "error",
    message,
    hint,
    path: [],
    start: place(offset),
    end: place(offset + stretch.length),
    step: null,
    file: "workflows/test.yaml",
    docs: null,
  };
};

describe("a suggestion", () => {
  const fixed = (text: string, stretch: string, message: string, hint: string | null): string | null => {
    const fix = fixOf(finding(text, stretch, message, hint), text);
    return fix === null ? null : text.slice(0, fix.from) + fix.insert + text.slice(fix.to);
  };

  it("replaces the word that is meant, and nothing else", () => {
    expect(fixed("wher: {id: 1}", "wher", "`wher`: did you mean `where`?", null)).toBe("where: {id: 1}");
    expect(fixed("to: ${{ ordr.id }}", "ordr.id", "unknown name `ordr`", "did you mean 'order'?")).toBe(
      "to: ${{ order.id }}",
    );
    expect(fixed("x: ${{ order.emial }}", "order.emial", "`order` has no field `emial`", "did you mean 'email'?")).toBe(
      "x: ${{ order.email }}",
    );
    expect(fixed("set: {status: payed}", "payed", "status cannot be payed", "did you mean 'paid'?")).toBe(
      "set: {status: paid}",
    );
  });

  it("counts as the server does before emoji", () => {
    const text = "# 😀\nselect: ordrs";
    const problem = finding(text, "ordrs", "there is no table `ordrs`", "did you mean 'orders'?");
    problem.start.offset -= 1;
    problem.end.offset -= 1;
    expect(fixOf(problem, text)).toMatchObject({ from: text.indexOf("ordrs"), insert: "orders" });
  });

  it("is none when the hint says something else", () => {
    expect(fixed("where: {}", "where", "`where` is empty", "name a column")).toBeNull();
    expect(fixed("a: b", "b", "unknown", "did you mean 'completely_different'?")).toBeNull();
  });
});
