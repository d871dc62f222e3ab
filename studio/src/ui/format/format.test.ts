import { expect, test } from "vitest";
import { ago, count, duration, exactTime, money, zoneOf } from "./format";

test("money is placed by the currency's digits, exact beyond floating point", () => {
  expect(money(1999, "eur")).toBe("€19.99");
  expect(money(5, "usd")).toBe("$0.05");
  expect(money(-5, "usd")).toBe("-$0.05");
  expect(money(1200, "jpy")).toBe("¥1,200");
  expect(money(1234567, "kwd")).toBe("KWD 1,234.567".replace(" ", "\u00a0"));
  expect(money(9007199254740991, "usd")).toBe("$90,071,992,547,409.91");
});

test("moments are told from now, later ones too", () => {
  const now = Date.parse("2026-11-23T12:00:00Z");
  expect(ago("2026-11-23T11:59:58Z", now)).toBe("just now");
  expect(ago("2026-11-23T11:56:00Z", now)).toBe("4 min ago");
  expect(ago("2026-11-23T15:00:00Z", now)).toBe("in 3 h");
  expect(ago("2026-11-25T11:30:00Z", now)).toBe("in 1 d 23 h");
  expect(ago("2026-11-01T12:00:00Z", now)).toBe("Nov 1");
  expect(ago("2025-11-01T12:00:00Z", now)).toBe("Nov 1, 2025");
});

test("spans of time are short", () => {
  expect([0, 0.4, 840, 2400, 42_000, 190_000, 7_200_000, 187_200_000].map(duration)).toEqual([
    "<1 ms",
    "<1 ms",
    "840 ms",
    "2.4 s",
    "42 s",
    "3 min 10 s",
    "2 h",
    "2 d 4 h",
  ]);
});

test("counts agree with their noun", () => {
  expect([count(1, "run"), count(1200, "run"), count(2, "retry", "retries")]).toEqual([
    "1 run",
    "1,200 runs",
    "2 retries",
  ]);
});

test("an exact time names its zone, in summer and in winter", () => {
  for (const at of ["2026-07-23T12:00:00.204Z", "2026-12-23T12:00:00.204Z"]) {
    const zone = zoneOf(new Date(at));
    expect(zone).not.toBe("");
    expect(exactTime(at).endsWith(` ${zone}`)).toBe(true);
    expect(exactTime(at)).toContain(".204 ");
    expect(exactTime(at, true)).not.toContain(".204");
  }
});
