import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { hasLook } from "./status";

const document: unknown = JSON.parse(readFileSync("openapi.json", "utf-8"));

/** Every state that the server's own document names, wherever it stands. */
function statesIn(node: unknown): string[] {
  if (typeof node !== "object" || node === null) return [];
  const states = (node as Record<string, unknown>)["x-states"];
  return [...(Array.isArray(states) ? (states as string[]) : []), ...Object.values(node).flatMap(statesIn)];
}

const STATES = [...new Set(statesIn(document))];

it("the server names the states of payments, disputes, runs, and emails", () => {
  expect(STATES).toEqual(expect.arrayContaining(["succeeded", "won", "parked", "sending"]));
});

it.each(STATES)("%s has a word, an icon, and a color of its own", (state) => {
  expect(hasLook(state)).toBe(true);
});
