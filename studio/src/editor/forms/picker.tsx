import * as Popover from "@radix-ui/react-popover";
import { Command } from "cmdk";
import { ChevronsUpDown } from "lucide-react";
import { useEffect, useState } from "react";

export interface Choice {
  value: string;
  words?: string | null | undefined;
}

export interface PickerProps {
  id?: string | undefined;
  label: string;
  value: string;
  choices: Choice[];
  placeholder: string;
  onPick: (value: string) => void;
  disabled?: boolean;
  invalid?: boolean;
  /** Asks the server instead of searching in `choices`. */
  search?: ((query: string, signal: AbortSignal) => Promise<Choice[]>) | undefined;
  describedBy?: string | undefined;
}

/** A button that opens a searched list: tables, templates, workflows, actions. */
export function Picker({
  id,
  label,
  value,
  choices,
  placeholder,
  onPick,
  disabled,
  invalid,
  search,
  describedBy,
}: PickerProps) {
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<Choice[]>(choices);
  useEffect(() => {
    if (search === undefined || !open) return undefined;
    const gone = new AbortController();
    const timer = setTimeout(
      () => {
        search(query, gone.signal).then(setFound, () => undefined);
      },
      query === "" ? 0 : 120,
    );
    return () => {
      clearTimeout(timer);
      gone.abort();
    };
  }, [search, query, open]);
  const shown = search === undefined ? choices : found;
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        setQuery("");
      }}
    >
      <Popover.Trigger
        id={id}
        className="form-picker"
        aria-label={`${label}: ${value || "nothing chosen"}`}
        aria-invalid={invalid || undefined}
        aria-describedby={describedBy}
        disabled={disabled}
      >
        <span className={value ? "mono" : "faint"}>{value || placeholder}</span>
        <ChevronsUpDown size={14} aria-hidden />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="form-popover" align="start" sideOffset={4} collisionPadding={12}>
          <Command label={label} shouldFilter={search === undefined} loop>
            <Command.Input
              className="form-search"
              placeholder={placeholder}
              value={query}
              onValueChange={setQuery}
              autoFocus
            />
            <Command.List className="form-options">
              <Command.Empty className="form-empty">Nothing is called this.</Command.Empty>
              {shown.map((one) => (
                <Command.Item
                  key={one.value}
                  value={one.value}
                  keywords={one.words ? [one.words] : []}
                  className="form-option"
                  onSelect={() => {
                    setOpen(false);
                    if (one.value !== value) onPick(one.value);
                  }}
                >
                  <span className="form-option-head">
                    <span className="mono">{one.value}</span>
                  </span>
                  {one.words ? <span className="form-option-doc">{one.words}</span> : null}
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
