import { expect, test } from "vitest";
import { byDay, kindsOf } from "./journey";

const entry = (at: string, kind: string, id = kind) => ({ at, kind, id, title: id });

test("entries are on one line of time, whatever order they arrive in", () => {
  const days = byDay([
    entry("2026-11-24T10:00:00Z", "mail"),
    entry("2026-11-23T12:00:00Z", "session"),
    entry("2026-11-24T09:00:00Z", "event"),
  ]);
  expect(days.flatMap((day) => day.entries.map((entry) => entry.kind))).toEqual(["session", "event", "mail"]);
  expect(days).toHaveLength(2);
});

test("what happened in one moment keeps the server's order: cause before effect", () => {
  const at = "2026-11-23T12:00:00Z";
  const days = byDay([entry(at, "event"), entry(at, "run"), entry(at, "mail")]);
  expect(days[0]?.entries.map((entry) => entry.kind)).toEqual(["event", "run", "mail"]);
});

test("kinds are counted in the order of their first appearance", () => {
  expect(kindsOf([entry("", "event"), entry("", "run"), entry("", "event", "2")])).toEqual([
    ["event", 2],
    ["run", 1],
  ]);
});
