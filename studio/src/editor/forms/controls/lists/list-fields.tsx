import { X } from "lucide-react";
import { AddButton } from "@/editor/forms/added";
import { useChanges } from "@/editor/forms/changes";
import { emptyOf } from "@/editor/form-model/literal";
import { itemOf } from "@/editor/form-model/schema";
import type { ControlProps } from "@/editor/forms/control";
import { ValueField } from "@/editor/forms/values/value-field";

/** A list: its items in order, each with its own rows. */
export function ListFields({ field, path, value, editable }: ControlProps) {
  const changes = useChanges();
  const item = itemOf(field);
  const items = Array.isArray(value) ? value : [];
  // One line an item where one line is enough.
  const scalar =
    item.kind === "text" ||
    item.kind === "integer" ||
    item.kind === "number" ||
    item.kind === "boolean" ||
    item.kind === "choice" ||
    item.kind === "any";
  const add = (): Promise<boolean> => {
    const last = [...path, items.length];
    const begin = emptyOf(item);
    if (Array.isArray(value) && items.length > 0)
      return changes.run([{ op: "insert", path: last, value: begin }], `Add ${item.name}`);
    return changes.set(path, [begin], `Add ${item.name}`);
  };
  return (
    <div className="form-list">
      {items.map((_, at) => {
        const place = [...path, at];
        const name = `${item.name} ${at + 1}`;
        return (
          <div className="form-item" key={at}>
            <ValueField
              field={{ ...item, name, doc: scalar ? "" : item.doc }}
              path={place}
              label={`Change ${field.name}`}
              bare={scalar}
            />
            {editable ? (
              <button
                type="button"
                className="form-icon form-item-remove"
                aria-label={`Remove ${name}`}
                title={`Remove ${name}`}
                onClick={() => void changes.remove(place, `Remove ${name}`, path.length)}
              >
                <X size={14} aria-hidden />
              </button>
            ) : null}
          </div>
        );
      })}
      {editable ? <AddButton onAdd={add}>Add {item.name}</AddButton> : null}
    </div>
  );
}
