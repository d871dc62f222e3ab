import { expect, test } from "vitest";
import { preview, size } from "./preview";

test("a mail's own policy cannot come before ours", () => {
  const html = preview(
    '<html><head><meta http-equiv="Content-Security-Policy" content="script-src *"></head><body>Hi</body></html>',
  );
  expect(html.indexOf("default-src 'none'")).toBeLessThan(html.indexOf("script-src *"));
  expect(html).toContain("Hi");
});

test("sizes are told in bytes, kilobytes and megabytes", () => {
  expect([size(0), size(999), size(14_400), size(2_100_000)]).toEqual(["0 B", "999 B", "14 kB", "2.1 MB"]);
});
