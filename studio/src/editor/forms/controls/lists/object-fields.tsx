import { isMap } from "@/model/document/path";
import { useChanges } from "@/editor/forms/changes";
import { AddParameter } from "@/editor/forms/add-parameter";
import { emptyOf } from "@/editor/form-model/literal";
import { type Field, fieldsOf, nameIn } from "@/editor/form-model/schema";
import type { ControlProps } from "@/editor/forms/control";
import { ValueField } from "@/editor/forms/values/value-field";

/** The fields of an object: those in the file and the required ones; the others can be added by a search. */
export function ObjectFields({ field, path, value, label, editable }: ControlProps) {
  const changes = useChanges();
  const map = isMap(value) ? value : {};
  const fields = fieldsOf(field, map);
  // What must be there first, then what is, as the file has it.
  const order = Object.keys(map);
  const visible = fields
    .filter((property) => property.required || Object.hasOwn(map, nameIn(property, field, map)))
    .sort(
      (first, other) =>
        Number(other.required) - Number(first.required) ||
        order.indexOf(nameIn(first, field, map)) - order.indexOf(nameIn(other, field, map)),
    );
  const rest = fields.filter((field) => !visible.includes(field));
  const known = new Set(fields.map((property) => nameIn(property, field, map)));
  const strangers = Object.keys(map).filter((name) => !known.has(name));
  const currency = map["currency"];
  return (
    <div className="form-fields">
      {visible.map((entry) => {
        const name = nameIn(entry, field, map);
        const place = [...path, name];
        return (
          <ValueField
            key={name}
            field={name === entry.name ? entry : { ...entry, name }}
            path={place}
            currency={currency}
            label={`Change ${name}`}
            onRemove={
              Object.hasOwn(map, name) && !(entry.required && map[name] === "")
                ? () => void changes.remove(place, `Remove ${name}`)
                : undefined
            }
          />
        );
      })}
      {strangers.map((name) => (
        <ValueField
          key={name}
          field={stranger(name, field)}
          path={[...path, name]}
          onRemove={() => void changes.remove([...path, name], `Remove ${name}`)}
        />
      ))}
      {rest.length > 0 && editable ? (
        <AddParameter
          what={field.name === "" ? "parameter" : field.name}
          fields={rest}
          onPick={(property) => changes.set([...path, property.name], emptyOf(property), `Add ${property.name}`)}
        />
      ) : null}
      {fields.length === 0 && strangers.length === 0 ? (
        <p className="form-empty">{label.replace(/^Change /, "")} takes nothing.</p>
      ) : null}
    </div>
  );
}

/** A name that the schema doesn't have: shown as written, so that the user can fix or remove it. */
function stranger(name: string, parent: Field): Field {
  return {
    ...parent,
    name,
    kind: "any",
    doc: "",
    required: false,
    unit: null,
    choices: [],
    open: false,
    schema: {},
    default: undefined,
    multiline: false,
    pattern: null,
  };
}
