import { fireEvent, render, screen, within } from "@testing-library/react";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { expect, test, vi } from "vitest";
import { parseSearch, stringifySearch } from "@/browser/search-params";
import { useShortcuts } from "@/browser/shortcuts";
import { GLOSSARY } from "./glossary";
import { Page } from "./page";

// The router scrolls to the top after each navigation; jsdom cannot.
vi.stubGlobal("scrollTo", () => undefined);

function WithShortcuts() {
  useShortcuts([{ keys: "g z", label: "Somewhere", group: "Go to", run: () => undefined }]);
  return <Page />;
}

async function show(address: string) {
  const router = createRouter({
    routeTree: createRootRoute({ component: WithShortcuts }),
    history: createMemoryHistory({ initialEntries: [address] }),
    parseSearch,
    stringifySearch,
  });
  // The app's own router is the registered type.
  render(<RouterProvider router={router as never} />);
  await screen.findByRole("heading", { level: 1, name: "Help" });
}

test("the help page explains every word of its glossary, once", async () => {
  await show("/");
  for (const { meaning } of GLOSSARY) expect(screen.getByText(meaning)).toBeVisible();
  expect(new Set(GLOSSARY.map(({ term }) => term)).size).toBe(GLOSSARY.length);
});

test("a search in the address shows the words that match, and typing changes it", async () => {
  await show("/?search=idempotency");
  expect(screen.getByText("Retry")).toBeVisible();
  expect(screen.queryByText("Parked")).toBeNull();
  fireEvent.change(screen.getByRole("searchbox", { name: "Search words" }), { target: { value: "zzz" } });
  expect(screen.getByText("No matching words.")).toBeVisible();
});

test("the shortcuts that are registered now are listed by group", async () => {
  await show("/");
  const group = (await screen.findByRole("heading", { name: "Go to" })).closest("section");
  if (group === null) throw new Error("a group is a section");
  expect(within(group).getByText("Somewhere")).toBeVisible();
  expect(within(group).getByText("Z")).toBeVisible();
});
