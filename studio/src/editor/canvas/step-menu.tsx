/** The menu of a step under the right mouse button, and the same entries for the toolbar. */
import * as Context from "@radix-ui/react-context-menu";
import { ArrowDown, ArrowUp, ClipboardPaste, Copy, CopyPlus, PackagePlus, Pencil, Plus, Trash2 } from "lucide-react";
import type { ReactNode } from "react";

import { Kbd } from "@/ui/basics/kbd";
import { WRAPPERS } from "@/model/editing/operations";
import type { Path } from "@/model/document/path";
import { useEditor } from "../document/store";
import {
  copyToClipboard,
  duplicate,
  moveBy,
  openCatalog,
  pasteFromClipboard,
  placeForNew,
  remove,
  selectedSteps,
  selectedTrigger,
  wrap,
} from "./state/actions";

export interface Entry {
  key: string;
  label: string;
  icon: ReactNode;
  run: () => void;
  shortcut?: string;
  danger?: boolean;
  /** Begins a new group. */
  line?: boolean;
}

export function stepEntries(onOpen?: (path: Path) => void): Entry[] {
  const { readOnly, selected } = useEditor.getState();
  const steps = selectedSteps();
  const any = steps.length > 0;
  const edit: Entry[] =
    selected !== null && onOpen !== undefined
      ? [
          {
            key: "edit",
            label: readOnly === null ? "Edit" : "Show",
            icon: <Pencil aria-hidden />,
            run: () => onOpen(selected),
            shortcut: "Enter",
          },
        ]
      : [];
  const copyEntry: Entry[] = any
    ? [{ key: "copy", label: "Copy", icon: <Copy aria-hidden />, run: () => void copyToClipboard(), shortcut: "Mod C" }]
    : [];
  if (readOnly !== null) return [...edit, ...copyEntry];
  if (!any)
    return [...edit, ...addEntries(any), ...(selectedTrigger() === null ? [] : [deleteEntry("Delete trigger")])];
  return [
    ...edit,
    ...addEntries(any),
    ...copyEntry.map((entry) => ({ ...entry, line: true })),
    ...changeEntries(steps.length),
  ];
}

const addEntries = (any: boolean): Entry[] => [
  {
    key: "add",
    label: any ? "Add step after" : "Add a step",
    icon: <Plus aria-hidden />,
    run: () => openCatalog(placeForNew()),
    shortcut: "A",
  },
  {
    key: "paste",
    label: any ? "Paste after" : "Paste",
    icon: <ClipboardPaste aria-hidden />,
    run: () => void pasteFromClipboard(),
    shortcut: "Mod V",
  },
];

const deleteEntry = (label: string): Entry => ({
  key: "delete",
  label,
  icon: <Trash2 aria-hidden />,
  run: () => void remove(),
  shortcut: "Del",
  danger: true,
  line: true,
});

function changeEntries(count: number): Entry[] {
  return [
    {
      key: "duplicate",
      label: "Duplicate",
      icon: <CopyPlus aria-hidden />,
      run: () => void duplicate(),
      shortcut: "Mod D",
    },
    { key: "up", label: "Move up", icon: <ArrowUp aria-hidden />, run: () => moveBy(-1), shortcut: "Alt ↑" },
    { key: "down", label: "Move down", icon: <ArrowDown aria-hidden />, run: () => moveBy(1), shortcut: "Alt ↓" },
    ...WRAPPERS.map((wrapper, at) => ({
      key: `wrap-${wrapper.verb}`,
      label: `Wrap in “${wrapper.label}”`,
      icon: <PackagePlus aria-hidden />,
      run: () => void wrap(wrapper.verb),
      line: at === 0,
    })),
    deleteEntry(count > 1 ? `Delete ${count} steps` : "Delete"),
  ];
}

export function StepMenu({ children, onOpen }: { children: ReactNode; onOpen?: ((path: Path) => void) | undefined }) {
  return (
    <Context.Root modal={false}>
      <Context.Trigger asChild>{children}</Context.Trigger>
      <Context.Portal>
        <Context.Content className="menu" collisionPadding={8}>
          <Entries onOpen={onOpen} />
        </Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

function Entries({ onOpen }: { onOpen?: ((path: Path) => void) | undefined }) {
  // The menu is drawn when it opens: what is selected then counts.
  return stepEntries(onOpen).map((entry) => (
    <span key={entry.key} role="none">
      {entry.line && <Context.Separator className="menu-line" />}
      <Context.Item className={entry.danger ? "menu-item menu-danger" : "menu-item"} onSelect={entry.run}>
        {entry.icon}
        <span>{entry.label}</span>
        {entry.shortcut && <Kbd keys={entry.shortcut} />}
      </Context.Item>
    </span>
  ));
}
