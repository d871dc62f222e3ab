import { expect, test } from "vitest";
import { byDay, kindsOf, knownIds } from "./journey";

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

test("a timeline knows ids by the names that workflows give them, and of two the subject's", () => {
  const of = (kind: string, id: string, currency: string | null = null) => ({ ...entry("", kind, id), currency });
  const single = [of("order", "orders/o1", "usd"), of("intent", "pi_1", "usd"), of("event", "evt_1")];
  expect(knownIds("o1", single)).toEqual({
    order_id: "o1",
    currency: "usd",
    payment_intent: "pi_1",
    payment_intent_id: "pi_1",
  });
  const two = [...single, of("intent", "pi_2", "eur")];
  expect(knownIds("o1", two)).toEqual({ order_id: "o1" });
  expect(knownIds("pi_2", two)["payment_intent"]).toBe("pi_2");
});
