import { describe, expect, it } from "vitest";
import { nextRuns, readCron } from "./cron";

const at = (line: string, zone: string, after: string, count = 3) =>
  nextRuns(line, zone, new Date(after), count)?.map((nextRun) => nextRun.toISOString());

describe("a cron line", () => {
  it("has its next moments in its time zone", () => {
    expect(at("0 3 * * 1", "Europe/Berlin", "2026-01-01T00:00:00Z")).toEqual([
      "2026-01-05T02:00:00.000Z",
      "2026-01-12T02:00:00.000Z",
      "2026-01-19T02:00:00.000Z",
    ]);
    expect(at("*/20 9-10 * * mon-fri", "UTC", "2026-01-02T10:30:00Z")).toEqual([
      "2026-01-02T10:40:00.000Z",
      "2026-01-05T09:00:00.000Z",
      "2026-01-05T09:20:00.000Z",
    ]);
  });

  it("follows the clock when it is put forward and back", () => {
    expect(at("0 12 * * *", "America/New_York", "2026-03-07T20:00:00Z", 2)).toEqual([
      "2026-03-08T16:00:00.000Z",
      "2026-03-09T16:00:00.000Z",
    ]);
    expect(at("0 12 * * *", "America/New_York", "2026-10-31T20:00:00Z", 2)).toEqual([
      "2026-11-01T17:00:00.000Z",
      "2026-11-02T17:00:00.000Z",
    ]);
  });

  it("with both days restricted means either, as cron always did", () => {
    expect(at("0 0 13 * 5", "UTC", "2026-02-10T00:00:00Z")).toEqual([
      "2026-02-13T00:00:00.000Z",
      "2026-02-20T00:00:00.000Z",
      "2026-02-27T00:00:00.000Z",
    ]);
  });

  it("may never come, or not be one", () => {
    expect(at("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z")).toEqual([]);
    expect(at("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1)).toEqual(["2028-02-29T00:00:00.000Z"]);
    expect([readCron("0 3 * *"), readCron("61 * * * *"), readCron("a b c d e"), readCron("5-1 * * * *")]).toEqual([
      null,
      null,
      null,
      null,
    ]);
    expect(nextRuns("0 0 * * *", "Mars/Olympus", new Date(), 1)).toBeNull();
  });
});
