import { expect, it } from "vitest";
import { groupsOf } from "./dry-run";

const event = (name: string, recorded: string | null, draft: string | null, difference: string[] = []) => ({
  event: name,
  type: "charge.succeeded",
  recorded: { ended: recorded },
  draft: { ended: draft },
  difference,
});

it("groups events with the same difference, those that differ first and the largest group first", () => {
  const groups = groupsOf([
    event("evt_1", "succeeded", "succeeded"),
    event("evt_2", "succeeded", "succeeded", ["+ log a"]),
    event("evt_3", "failed: no row", "succeeded", ["~ failed -> succeeded"]),
    event("evt_4", "failed: no row", "succeeded", ["~ failed -> succeeded"]),
    event("evt_5", null, null),
    event("evt_6", "failed: no row", "succeeded", ["+ log b", "~ failed -> succeeded"]),
  ]);
  expect(groups.map(({ title, differs, events }) => [title, differs, events.map(({ event: id }) => id)])).toEqual([
    ["failed: no row → succeeded", true, ["evt_3", "evt_4"]],
    ["succeeded, with different steps", true, ["evt_2"]],
    ["failed: no row → succeeded", true, ["evt_6"]],
    ["The same: succeeded", false, ["evt_1"]],
    ["Not started, as before", false, ["evt_5"]],
  ]);
});
