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

/** What the server found for the query; null until it answered once. Asks after a pause in the typing. */
function useServerSearch(search: PickerProps["search"], query: string, open: boolean): Choice[] | null {
  const [choices, setChoices] = useState<Choice[] | null>(null);
  useEffect(() => {
    if (search === undefined || !open) return undefined;
    const abort = new AbortController();
    const timer = setTimeout(
      () => {
        search(query, abort.signal).then(setChoices, () => undefined);
      },
      query === "" ? 0 : 120,
    );
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [search, query, open]);
  return choices;
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
  const serverChoices = useServerSearch(search, query, open);
  const offered = search === undefined ? choices : (serverChoices ?? choices);
  return (
    <Popover.Root
      open={open}
      onOpenChange={(next) => {
        setOpen(next);
        setQuery("");
      }}
    >
      <Trigger {...{ id, label, value, placeholder, disabled, invalid, describedBy }} />
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
              <Command.Empty className="form-empty">No results.</Command.Empty>
              {offered.map((choice) => (
                <Option
                  key={choice.value}
                  choice={choice}
                  onSelect={() => {
                    setOpen(false);
                    if (choice.value !== value) onPick(choice.value);
                  }}
                />
              ))}
            </Command.List>
          </Command>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

type TriggerProps = Pick<
  PickerProps,
  "id" | "label" | "value" | "placeholder" | "disabled" | "invalid" | "describedBy"
>;

function Trigger({ id, label, value, placeholder, disabled, invalid, describedBy }: TriggerProps) {
  return (
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
  );
}

function Option({ choice, onSelect }: { choice: Choice; onSelect: () => void }) {
  const { value, words } = choice;
  return (
    <Command.Item value={value} keywords={words ? [words] : []} className="form-option" onSelect={onSelect}>
      <span className="form-option-head">
        <span className="mono">{value}</span>
      </span>
      {words ? <span className="form-option-doc">{words}</span> : null}
    </Command.Item>
  );
}
