import { useRef } from "react";
import { pathKey } from "@/model/document/path";
import { Input, TextArea } from "@/ui";
import { useEditor } from "../../document/store";
import { useDraft } from "../draft";
import { ExpressionField } from "@/editor/forms/values/expression-field";
import { read, textOf } from "../../form-model/literal";
import type { ControlProps } from "../control";
import { Problem } from "../problem";

/** Text or a number. Text with `${{ }}` in it gets colours and completion as soon as the braces are there. */
const attributesOf = (ids: ControlProps["ids"], invalid: boolean, value: string) => ({
  id: ids.id,
  "aria-describedby": ids.describedBy,
  "aria-invalid": invalid,
  value,
  mono: true,
  autoComplete: "off",
});

export function TextControl({ field, path, value, write, ids, editable }: ControlProps) {
  const id = useEditor((state) => state.id);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}`,
    shown: textOf(value),
    read: (text) => read(field, text),
    commit: write,
  });
  const cursor = useRef<number | null>(null);
  const invalid = ids.invalid || draft.problem !== null;
  const templated = field.kind === "text" && field.writing === "value" && draft.text.includes("${{");
  const common = {
    ...attributesOf(ids, invalid, draft.text),
    readOnly: !editable,
    placeholder: field.placeholder,
    onBlur: draft.leave,
  };
  const typed = (element: HTMLInputElement | HTMLTextAreaElement): void => {
    cursor.current = element.value.includes("${{") ? element.selectionStart : null;
    draft.type(element.value);
  };
  return (
    <>
      {templated ? (
        <ExpressionField
          path={path}
          text={draft.text}
          onText={draft.type}
          onLeave={draft.leave}
          reading="template"
          id={ids.id}
          label={field.name}
          describedBy={ids.describedBy}
          invalid={invalid}
          readOnly={!editable}
          focusAt={cursor.current}
        />
      ) : field.multiline || draft.text.includes("\n") ? (
        <TextArea
          {...common}
          rows={Math.min(8, Math.max(2, draft.text.split("\n").length))}
          onChange={(event) => typed(event.target)}
        />
      ) : (
        <Input
          {...common}
          inputMode={field.kind === "integer" ? "numeric" : field.kind === "number" ? "decimal" : "text"}
          onChange={(event) => typed(event.target)}
          onKeyDown={(event) => {
            if (event.key === "Enter") draft.leave();
          }}
        />
      )}
      <Problem text={draft.problem} />
    </>
  );
}
