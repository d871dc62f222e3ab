/** Branches on the canvas: their labels, with a menu to rename or remove them, and the button for a further one. */
import { ChevronDown, Pencil, Plus, Trash2 } from "lucide-react";
import { type SubmitEvent, useState } from "react";

import { Button, Dialog, Field, Input, Menu, MenuItem } from "@/ui";
import type { Step } from "@/model/graph/graph";
import { type Item, named } from "@/model/graph/layout";
import { useEditor } from "@/editor/document/store";
import { newBranch, removeBranch, renameBranch } from "@/editor/canvas/state/actions";
import { useElement } from "@/editor/canvas/state/elements";

const WORDS: Record<
  NonNullable<Step["adds"]>,
  { button: string; title: string; label: string; hint: string; needed: boolean }
> = {
  case: {
    button: "Case",
    title: "Add a case",
    label: "Value",
    hint: "The branch runs when the switch has this value, for example succeeded.",
    needed: true,
  },
  condition: {
    button: "Condition",
    title: "Add a condition",
    label: "Condition",
    hint: "An expression. The first branch whose condition is true runs.",
    needed: true,
  },
  branch: {
    button: "Branch",
    title: "Add a branch",
    label: "Name",
    hint: "All branches run at the same time; its result is readable under this name.",
    needed: true,
  },
  catch: {
    button: "Catch",
    title: "Catch errors",
    label: "Kinds of error",
    hint: "For example card_declined, rate_limit. Leave empty for every error.",
    needed: false,
  },
};

function NameDialog({
  title,
  label,
  hint,
  start,
  needed,
  onDone,
  onClose,
}: {
  title: string;
  label: string;
  hint: string;
  start: string;
  needed: boolean;
  onDone: (name: string) => Promise<boolean>;
  onClose: () => void;
}) {
  const [name, setName] = useState(start);
  const send = async (event: SubmitEvent) => {
    event.preventDefault();
    if (needed && name.trim() === "") return;
    if (await onDone(name.trim())) onClose();
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={title} size="s">
      <form className="flow-form" onSubmit={(event) => void send(event)}>
        <Field label={label} hint={hint} required={needed}>
          {(attributes) => (
            <Input
              {...attributes}
              mono
              autoFocus
              value={name}
              onChange={(event) => setName(event.target.value)}
              onFocus={(event) => event.target.select()}
            />
          )}
        </Field>
        <div className="flow-form-foot">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" disabled={needed && name.trim() === ""}>
            {title}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

type Renames = NonNullable<Extract<Item, { kind: "label" }>["branch"]["renames"]>;

export function BranchMenu({
  item,
  tab,
  className,
}: {
  item: Extract<Item, { kind: "label" }>;
  tab: 0 | -1;
  className: string;
}) {
  const { branch, step } = item;
  const [renaming, setRenaming] = useState(false);
  const readOnly = useEditor((state) => state.readOnly !== null);
  const { renames, removes } = branch;
  const element = useElement(item.key);
  if (readOnly || (renames === null && removes === null)) {
    return (
      <span className={className} title={branch.label}>
        <span>{branch.label}</span>
      </span>
    );
  }
  return (
    <>
      <Menu
        align="center"
        trigger={
          <button
            ref={element}
            type="button"
            className={`nopan ${className} flow-label-button`}
            title={branch.label}
            aria-label={`Branch ${branch.label}`}
            tabIndex={tab}
            data-key={item.key}
          >
            <span>{branch.label}</span>
            <ChevronDown aria-hidden />
          </button>
        }
      >
        {renames !== null && (
          <MenuItem icon={<Pencil aria-hidden />} onSelect={() => setRenaming(true)}>
            {renames.kind === "key" ? "Rename…" : "Change the condition…"}
          </MenuItem>
        )}
        {removes !== null && (
          <MenuItem danger icon={<Trash2 aria-hidden />} onSelect={() => void removeBranch(removes, step.path)}>
            {branch.steps.length === 0
              ? "Remove the branch"
              : `Remove the branch with ${branch.steps.length} step${branch.steps.length > 1 ? "s" : ""}`}
          </MenuItem>
        )}
      </Menu>
      {renaming && renames !== null && (
        <RenameDialog label={branch.label} renames={renames} onClose={() => setRenaming(false)} />
      )}
    </>
  );
}

function RenameDialog({ label, renames, onClose }: { label: string; renames: Renames; onClose: () => void }) {
  const isKey = renames.kind === "key";
  return (
    <NameDialog
      title={isKey ? "Rename the branch" : "Change the condition"}
      label={isKey ? "Name" : "Condition"}
      hint={isKey ? "Its steps and comments stay." : "An expression that is true or false."}
      start={label}
      needed
      onDone={(name) => renameBranch(renames, name)}
      onClose={onClose}
    />
  );
}

export function NewBranch({ item, tab }: { item: Extract<Item, { kind: "add" }>; tab: 0 | -1 }) {
  const [open, setOpen] = useState(false);
  const element = useElement(item.key);
  const { step } = item;
  if (step.adds === null) return null;
  const words = WORDS[step.adds];
  return (
    <>
      <button
        ref={element}
        type="button"
        className="nopan flow-add"
        tabIndex={tab}
        data-key={item.key}
        aria-label={`${words.title} to ${named(step)}`}
        onClick={() => setOpen(true)}
      >
        <Plus aria-hidden />
        {words.button}
      </button>
      {open && (
        <NameDialog {...words} start="" onDone={(name) => newBranch(step.path, name)} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
