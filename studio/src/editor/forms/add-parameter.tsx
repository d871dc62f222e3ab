import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { Plus } from "lucide-react";
import { useRef, useState } from "react";
import { Button } from "@/ui";
import { firstSentence } from "../assist/doc-text";
import { addAndFocus } from "./added";
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
  onPick: (field: Field) => Promise<boolean>;
  words?: string;
}) {
  const [open, setOpen] = useState(false);
  const trigger = useRef<HTMLButtonElement>(null);
  const picked = useRef(false);
  const label = what === "parameter" ? "Add parameter" : words;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button ref={trigger} size="s" kind="quiet" icon={<Plus size={14} aria-hidden />}>
          {label}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="form-popover"
          align="start"
          sideOffset={4}
          collisionPadding={12}
          onCloseAutoFocus={(event) => {
            // What was picked takes the keyboard, once it is drawn.
            if (picked.current) event.preventDefault();
            picked.current = false;
          }}
        >
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
                    picked.current = true;
                    setOpen(false);
                    void addAndFocus(trigger.current, () => onPick(field));
                  }}
                >
                  <Option field={field} />
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Option({ field }: { field: Field }) {
  return (
    <>
      <span className="form-option-head">
        <span className="mono">{field.name}</span>
        <span className="form-type">{wordOf(field)}</span>
      </span>
      <span className="form-option-doc">{firstSentence(field.doc)}</span>
    </>
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
