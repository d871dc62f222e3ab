import { useId } from "react";
import { pathKey } from "@/model/document/path";
import { Input, Select } from "@/ui";
import { useEditor } from "../../document/store";
import { useDraft } from "../draft";
import { read, textOf } from "../../form-model/literal";
import type { ControlProps } from "../control";
import { Problem } from "../problem";

/** One of a few words. An open list takes others too: Stripe adds values between releases. */
export function ChoiceControl(props: ControlProps) {
  const { field, value, write, ids, editable } = props;
  const choices = field.kind === "boolean" ? [true, false] : field.choices;
  if (field.open && (choices.length > 12 || (value !== undefined && value !== "" && !choices.includes(value))))
    return <OpenChoice {...props} />;
  const known = choices.includes(value);
  return (
    <Select
      id={ids.id}
      aria-describedby={ids.describedBy}
      aria-invalid={ids.invalid || undefined}
      value={known ? String(value) : "\u0000"}
      disabled={!editable}
      onChange={(event) => {
        const chosen = choices.find((choice) => String(choice) === event.target.value);
        if (chosen !== undefined) void write(chosen);
      }}
    >
      {known ? null : (
        <option value={"\u0000"}>
          {value === undefined ? (field.required ? "Choose …" : "not set") : value === "" ? "Choose …" : textOf(value)}
        </option>
      )}
      {choices.map((choice) => (
        <option key={String(choice)} value={String(choice)}>
          {String(choice)}
        </option>
      ))}
    </Select>
  );
}

function OpenChoice({ field, path, value, write, ids, editable }: ControlProps) {
  const list = useId();
  const id = useEditor((state) => state.id);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}`,
    shown: textOf(value),
    read: (text) => read(field, text),
    commit: write,
  });
  return (
    <>
      <Input
        mono
        id={ids.id}
        aria-describedby={ids.describedBy}
        aria-invalid={ids.invalid || draft.problem !== null}
        list={list}
        value={draft.text}
        readOnly={!editable}
        placeholder="Choose or type …"
        onChange={(event) => draft.type(event.target.value)}
        onBlur={draft.leave}
      />
      <datalist id={list}>
        {field.choices.map((choice) => (
          <option key={String(choice)} value={String(choice)} />
        ))}
      </datalist>
      <Problem text={draft.problem} />
    </>
  );
}
