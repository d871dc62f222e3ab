import { useId } from "react";
import { pathKey, type Path } from "@/model/document/path";
import { Input } from "@/ui";
import { useEditor } from "@/editor/document/store";
import { useChanges, useEditable, useValue } from "@/editor/forms/changes";
import type { Read } from "@/editor/form-model/literal";
import { useDraft } from "@/editor/forms/draft";
import type { Field } from "@/editor/form-model/schema";
import { Row } from "@/editor/forms/row";
import { Problem } from "@/editor/forms/problem";

/** Names separated by commas: columns to sort by, roles, actions. One name is written alone, several as a list. */
function readNames(text: string, asList: boolean): Read {
  const names = text
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean);
  if (names.length === 0) return { ok: false, message: "Write at least one name." };
  return { ok: true, value: names.length === 1 && !asList ? names[0] : names };
}

export function ColumnsList({
  field,
  path,
  label,
  onRemove,
  columns,
  order,
}: {
  field: Field;
  path: Path;
  label: string;
  onRemove?: (() => void) | undefined;
  columns: string[];
  order: boolean;
}) {
  const value = useValue(path);
  const id = useEditor((state) => state.id);
  const changes = useChanges();
  const editable = useEditable();
  const list = useId();
  const names = (Array.isArray(value) ? value : value === undefined || value === null ? [] : [value])
    .map(String)
    .join(", ");
  const draft = useDraft({
    name: `${id}/${pathKey(path)}`,
    shown: names,
    read: (text) => readNames(text, Array.isArray(value)),
    commit: (next) => changes.set(path, next, label),
  });
  return (
    <Row name={field.name} path={path} doc={field.doc} required={field.required} type="names" onRemove={onRemove}>
      {(ids) => (
        <>
          <Input
            mono
            id={ids.id}
            aria-describedby={ids.describedBy}
            aria-invalid={ids.invalid || draft.problem !== null}
            value={draft.text}
            readOnly={!editable}
            list={columns.length > 0 ? list : undefined}
            placeholder={order ? "created_at desc" : field.placeholder || "separated by commas"}
            onChange={(event) => draft.type(event.target.value)}
            onBlur={draft.leave}
          />
          {columns.length > 0 ? (
            <datalist id={list}>
              {columns
                .flatMap((column) => (order ? [column, `${column} desc`] : [column]))
                .map((chosen) => (
                  <option key={chosen} value={chosen} />
                ))}
            </datalist>
          ) : null}
          <Problem text={draft.problem} />
        </>
      )}
    </Row>
  );
}
