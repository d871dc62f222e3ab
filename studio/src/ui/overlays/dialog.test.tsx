import { render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import { Confirm, Dialog } from "./dialog";
import { TooltipProvider } from "@/ui/basics/tooltip";

const KINDS = {
  "a dialog": (open: boolean, change: (open: boolean) => void) => (
    <Dialog open={open} onOpenChange={change} title="Title">
      <input aria-label="Name" />
    </Dialog>
  ),
  "a sheet without a field": (open: boolean, change: (open: boolean) => void) => (
    <Dialog open={open} onOpenChange={change} title="Title" side>
      Text
    </Dialog>
  ),
  "a question": (open: boolean, change: (open: boolean) => void) => (
    <Confirm open={open} onOpenChange={change} title="Title" action="Do it" onConfirm={() => undefined} />
  ),
};

test.each(Object.entries(KINDS))("Escape closes %s, and the focus is back on what opened it", async (_, draw) => {
  function Page() {
    const [open, setOpen] = useState(false);
    return (
      <>
        <button onClick={() => setOpen(true)}>Open</button>
        {draw(open, setOpen)}
      </>
    );
  }
  render(<Page />, { wrapper: TooltipProvider });
  const opener = screen.getByRole("button", { name: "Open" });
  await userEvent.click(opener);
  await screen.findByText("Title");
  expect(opener).not.toHaveFocus();
  await userEvent.keyboard("{Escape}");
  await waitFor(() => expect(screen.queryByText("Title")).toBeNull());
  await waitFor(() => expect(opener).toHaveFocus());
});

test("the focus stays where the dialog has put it", async () => {
  function Page() {
    const [open, setOpen] = useState(false);
    return (
      <>
        <button onClick={() => setOpen(true)}>Open</button>
        <input aria-label="New" id="new" />
        <Confirm
          open={open}
          onOpenChange={setOpen}
          title="Title"
          action="Do it"
          onConfirm={() => setTimeout(() => document.getElementById("new")?.focus())}
        />
      </>
    );
  }
  render(<Page />, { wrapper: TooltipProvider });
  await userEvent.click(screen.getByRole("button", { name: "Open" }));
  await userEvent.click(await screen.findByRole("button", { name: "Do it" }));
  await waitFor(() => expect(screen.queryByText("Title")).toBeNull());
  await waitFor(() => expect(screen.getByLabelText("New")).toHaveFocus());
});
