import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { Plus } from "lucide-react";
import { useState } from "react";
import { Button } from "@/ui";
import { firstSentence } from "../assist/doc-text";
import { type Field, wordOf } from "../form-model/schema";

/** Finds a parameter by its name or by what its documentation says. */
export function AddParameter({
  what,
  fields,
  onPick,
  words = `Add to ${what}`,
}: {
  what: string;
  fields: Field[];
  onPick: (field: Field) => void;
  words?: string;
}) {
  const [open, setOpen] = useState(false);
  const label = what === "parameter" ? "Add parameter" : words;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button size="s" kind="quiet" icon={<Plus size={14} aria-hidden />}>
          {label}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="form-popover" align="start" sideOffset={4} collisionPadding={12}>
          <Command label={label} filter={rank} loop>
            <Command.Input className="form-search" placeholder={`Search ${fields.length} parameters`} autoFocus />
            <Command.List className="form-options">
              <Command.Empty className="form-empty">No parameter's name or description contains this.</Command.Empty>
              {fields.map((field) => (
                <Command.Item
                  key={field.name}
                  value={field.name}
                  keywords={[field.doc]}
                  className="form-option"
                  onSelect={() => {
                    setOpen(false);
                    onPick(field);
                  }}
                >
                  <span className="form-option-head">
                    <span className="mono">{field.name}</span>
                    <span className="form-type">{wordOf(field)}</span>
                  </span>
                  <span className="form-option-doc">{firstSentence(field.doc)}</span>
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

/** The name first, then words of the description. */
function rank(value: string, search: string, keywords?: string[]): number {
  const query = search.trim().toLowerCase().replace(/\s+/g, "_");
  const name = value.toLowerCase();
  if (name === query) return 1;
  if (name.startsWith(query)) return 0.9;
  if (name.includes(query)) return 0.7;
  const doc = (keywords ?? []).join(" ").toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => doc.includes(word) || name.includes(word))
    ? 0.3
    : 0;
}
