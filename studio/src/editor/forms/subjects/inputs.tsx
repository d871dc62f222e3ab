import { X } from "lucide-react";
import type { Path } from "@/model/document/path";
import { Checkbox } from "@/ui";
import { AddButton } from "../added";
import { freeName, inputFields, type InputShape, inputValue, keyOf, shapeOf } from "../../form-model/inputs";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { KeyInput } from "@/editor/forms/controls/lists/map-rows";
import { Finding, Row } from "../row";
import { ShapeDetails, ShapeSelect } from "./input-shape";

/** What callers send: a row per field, in the short form of the language. */
export function Inputs({ path }: { path: Path }) {
  const block = useValue(path);
  const changes = useChanges();
  const editable = useEditable();
  const fields = inputFields(block);
  return (
    <Row
      name="input"
      path={path}
      group
      doc={
        fields === null
          ? "A JSON Schema: edit it in the text."
          : "The fields that callers send. Payloom rejects unknown fields."
      }
    >
      {() =>
        fields === null ? null : (
          <div className="form-inputs">
            {fields.map((field) => {
              const place = [...path, field.key];
              return (
                <InputRow
                  key={field.key}
                  path={place}
                  taken={fields.map((field) => field.key)}
                  optional={field.optional}
                  name={field.name}
                  onRemove={() => void changes.remove(place, `Remove the input ${field.name}`, 0)}
                />
              );
            })}
            {editable ? (
              <AddButton
                onAdd={() =>
                  changes.set(
                    [
                      ...path,
                      freeName(
                        "field",
                        fields.map((field) => field.key),
                      ),
                    ],
                    "string",
                    "Add an input",
                  )
                }
              >
                Add an input
              </AddButton>
            ) : null}
          </div>
        )
      }
    </Row>
  );
}

function RemoveInput({ name, onRemove }: { name: string; onRemove: () => void }) {
  return (
    <button
      type="button"
      className="form-icon"
      aria-label={`Remove the input ${name}`}
      title={`Remove the input ${name}`}
      onClick={onRemove}
    >
      <X size={14} aria-hidden />
    </button>
  );
}

function InputRow({
  path,
  taken,
  optional,
  name,
  onRemove,
}: {
  path: Path;
  taken: string[];
  optional: boolean;
  name: string;
  onRemove: () => void;
}) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const findings = useFindings(path, true);
  const shape = shapeOf(value);
  const write = (next: InputShape): void => void changes.set(path, inputValue(next), `Change the input ${name}`);
  return (
    <div className="form-input" role="group" aria-label={`Input ${name}`}>
      <div className="form-input-line">
        <KeyInput
          path={path}
          taken={taken}
          word="input"
          editable={editable}
          ending={optional ? "?" : ""}
          check={(key) => (/^[A-Za-z_][A-Za-z0-9_]*$/.test(key) ? null : "Letters, digits and _.")}
        />
        <ShapeSelect shape={shape} name={name} editable={editable} onShape={write} />
        <Checkbox
          label="optional"
          checked={optional}
          disabled={!editable}
          onChange={(on) =>
            void changes.run(
              [{ op: "rename_key", path, to: keyOf(name, on) }],
              on ? `Make ${name} optional` : `Require ${name}`,
            )
          }
        />
        {editable ? <RemoveInput name={name} onRemove={onRemove} /> : null}
      </div>
      <ShapeDetails
        shape={shape}
        path={path}
        name={name}
        editable={editable}
        onShape={write}
        nested={(inner) => <NestedFields path={inner} />}
      />
      {findings.map((finding, at) => (
        <Finding key={at} finding={finding} />
      ))}
    </div>
  );
}

function NestedFields({ path }: { path: Path }) {
  const changes = useChanges();
  const editable = useEditable();
  const fields = inputFields(useValue(path)) ?? [];
  return (
    <div className="form-inputs">
      {fields.map((field) => (
        <InputRow
          key={field.key}
          path={[...path, field.key]}
          taken={fields.map((field) => field.key)}
          optional={field.optional}
          name={field.name}
          onRemove={() => void changes.remove([...path, field.key], `Remove ${field.name}`, path.length)}
        />
      ))}
      {editable ? (
        <AddButton
          onAdd={() =>
            changes.set(
              [
                ...path,
                freeName(
                  "field",
                  fields.map((field) => field.key),
                ),
              ],
              "string",
              "Add a field",
            )
          }
        >
          Add a field
        </AddButton>
      ) : null}
    </div>
  );
}
