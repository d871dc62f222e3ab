/** What adds a field, an item or a row to a form: what was added takes the keyboard. */
import { Plus } from "lucide-react";
import { useRef, type ReactNode } from "react";
import { Button } from "@/ui";

const CONTROLS = "input:not([type=hidden]), textarea, select, [contenteditable=true], [role=combobox]";
/** Frames in which the store's answer is drawn. */
const PATIENCE = 60;

const controlsIn = (place: Element): HTMLElement[] => Array.from(place.querySelectorAll<HTMLElement>(CONTROLS));

/** Make a change that adds something beside `button`, and focus its first field. */
export async function addAndFocus(button: HTMLElement | null, add: () => Promise<boolean>): Promise<void> {
  const place = button?.closest(".form-fields, .form-list, .form-map, .form-inputs");
  const before = new Set(place ? controlsIn(place) : []);
  if (!(await add()) || !place) return;
  const look = (left: number): void => {
    const added = controlsIn(place).find((control) => !before.has(control));
    if (added) added.focus();
    else if (left > 0) requestAnimationFrame(() => look(left - 1));
  };
  look(PATIENCE);
}

export function AddButton({ onAdd, children }: { onAdd: () => Promise<boolean>; children: ReactNode }) {
  const button = useRef<HTMLButtonElement>(null);
  return (
    <Button
      ref={button}
      size="s"
      kind="quiet"
      icon={<Plus size={14} aria-hidden />}
      onClick={() => void addAndFocus(button.current, onAdd)}
    >
      {children}
    </Button>
  );
}
