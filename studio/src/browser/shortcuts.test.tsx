import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test, vi } from "vitest";
import { useKeyboard, useShortcuts } from "./shortcuts";

function Page({ pressed }: { pressed: (keys: string) => void }) {
  useKeyboard();
  useShortcuts(
    ["mod+k", "g r", "r", "?"].map((keys) => ({ keys, label: keys, group: "Test", run: () => pressed(keys) })),
  );
  return <input aria-label="Name" />;
}

test("one key, two keys in a row and keys with mod are told apart", async () => {
  const pressed = vi.fn();
  render(<Page pressed={pressed} />);
  await userEvent.keyboard("gr");
  await userEvent.keyboard("r");
  await userEvent.keyboard("{Control>}k{/Control}");
  await userEvent.keyboard("?");
  expect(pressed.mock.calls.flat()).toEqual(["g r", "r", "mod+k", "?"]);
});

test("what is typed into a field is text, but mod works there too", async () => {
  const pressed = vi.fn();
  render(<Page pressed={pressed} />);
  await userEvent.type(screen.getByLabelText("Name"), "gr?");
  expect(screen.getByLabelText("Name")).toHaveValue("gr?");
  await userEvent.keyboard("{Control>}k{/Control}");
  expect(pressed.mock.calls.flat()).toEqual(["mod+k"]);
});
