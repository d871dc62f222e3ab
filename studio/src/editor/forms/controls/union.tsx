import { useState } from "react";
import { Select } from "@/ui";
import { emptyOf } from "../../form-model/literal";
import { alternativeOf, alternativesOf, couldBe } from "../../form-model/schema";
import { type ControlProps, LiteralControl } from "../control";

/** A value that may be one of several kinds: the kind is chosen first. */
export function UnionControl(props: ControlProps) {
  const { field, value, write, editable } = props;
  const all = alternativesOf(field);
  const stands = alternativeOf(field, value);
  const [chosen, setChosen] = useState<number | null>(null);
  const at = chosen !== null && (value === undefined || value === "" || chosen === stands) ? chosen : stands;
  const current = all[at];
  if (current === undefined) return null;
  const constant = current.field.kind === "choice" && current.field.choices.length === 1 && !current.field.open;
  return (
    <div className="form-union">
      <Select
        aria-label={`Kind of ${field.name}`}
        value={at}
        disabled={!editable}
        onChange={(event) => {
          const next = Number(event.target.value);
          const target = all[next]?.field;
          setChosen(next);
          if (target !== undefined && !couldBe(target, value)) void write(emptyOf(target));
        }}
      >
        {all.map((alternative, index) => (
          <option key={index} value={index}>
            {alternative.label}
          </option>
        ))}
      </Select>
      {constant ? null : <LiteralControl {...props} field={current.field} />}
    </div>
  );
}
