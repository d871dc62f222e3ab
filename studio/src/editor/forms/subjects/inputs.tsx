import { Plus, X } from "lucide-react";
import { useState } from "react";
import { type Path, pathKey } from "@/model/path";
import { Button, Checkbox, Input, Select } from "@/ui";
import { useEditor } from "../../document/store";
import { useChanges, useEditable, useFindings, useValue } from "../changes";
import { KeyInput } from "../controls/map-rows";
import { Problem } from "../problem";
import { useDraft } from "../draft";
import {
  freeName,
  inputFields,
  type InputShape,
  inputValue,
  keyOf,
  ruleLabel,
  ruleProblem,
  shapeOf,
  TYPES,
} from "../../form-model/inputs";
import { Finding, Row } from "../row";

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
          : "What callers send. A field that is not named is refused."
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
                  taken={fields.map((one) => one.key)}
                  optional={field.optional}
                  name={field.name}
                  onRemove={() => void changes.remove(place, `Remove the input ${field.name}`, 0)}
                />
              );
            })}
            {editable ? (
              <Button
                size="s"
                kind="quiet"
                icon={<Plus size={14} aria-hidden />}
                onClick={() =>
                  void changes.set(
                    [
                      ...path,
                      freeName(
                        "field",
                        fields.map((one) => one.key),
                      ),
                    ],
                    "string",
                    "Add an input",
                  )
                }
              >
                Add an input
              </Button>
            ) : null}
          </div>
        )
      }
    </Row>
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
        {editable ? (
          <button
            type="button"
            className="form-icon"
            aria-label={`Remove the input ${name}`}
            title={`Remove the input ${name}`}
            onClick={onRemove}
          >
            <X size={14} aria-hidden />
          </button>
        ) : null}
      </div>
      <ShapeDetails shape={shape} path={path} name={name} editable={editable} onShape={write} />
      {findings.map((one, at) => (
        <Finding key={at} finding={one} />
      ))}
    </div>
  );
}

const LIST = "list of …";

function ShapeSelect({
  shape,
  name,
  editable,
  onShape,
}: {
  shape: InputShape;
  name: string;
  editable: boolean;
  onShape: (shape: InputShape) => void;
}) {
  const now =
    shape.kind === "typed"
      ? shape.type
      : shape.kind === "choices"
        ? "choices"
        : shape.kind === "list"
          ? LIST
          : shape.kind === "fields"
            ? "fields"
            : "other";
  return (
    <Select
      aria-label={`Type of ${name}`}
      value={now}
      disabled={!editable}
      onChange={(event) => onShape(shapeFor(event.target.value, shape))}
    >
      {TYPES.map((type) => (
        <option key={type}>{type}</option>
      ))}
      <option value="choices">choices</option>
      <option value={LIST}>{LIST}</option>
      <option value="fields">fields</option>
      {now === "other" ? <option value="other">as in the text</option> : null}
    </Select>
  );
}

function shapeFor(type: string, before: InputShape): InputShape {
  const fallback = before.kind === "typed" || before.kind === "choices" ? before.fallback : null;
  if (type === "choices") return { kind: "choices", choices: ["one", "other"], fallback: null };
  if (type === LIST)
    return {
      kind: "list",
      item:
        before.kind === "list"
          ? before.item
          : before.kind === "other"
            ? { kind: "typed", type: "string", rule: "", fallback: null }
            : before,
    };
  if (type === "fields")
    return {
      kind: "fields",
      fields: [
        {
          key: "name",
          name: "name",
          optional: false,
          shape: { kind: "typed", type: "string", rule: "", fallback: null },
        },
      ],
    };
  const rule =
    before.kind === "typed" && ruleProblem(type, before.rule) === null && ruleLabel(type) !== null ? before.rule : "";
  return { kind: "typed", type, rule, fallback: type === "json" ? null : fallback };
}

function ShapeDetails({
  shape,
  path,
  name,
  editable,
  onShape,
}: {
  shape: InputShape;
  path: Path;
  name: string;
  editable: boolean;
  onShape: (shape: InputShape) => void;
}) {
  if (shape.kind === "typed") {
    const rule = ruleLabel(shape.type);
    return (
      <div className="form-input-details">
        {rule ? (
          <Small
            path={path}
            part="rule"
            label={`${rule.label} of ${name}`}
            shown={shape.rule}
            placeholder={rule.placeholder}
            editable={editable}
            problem={(text) => ruleProblem(shape.type, text)}
            onText={(text) => onShape({ ...shape, rule: text })}
          />
        ) : null}
        {shape.type === "json" ? null : (
          <Default
            path={path}
            name={name}
            fallback={shape.fallback}
            editable={editable}
            onFallback={(fallback) => onShape({ ...shape, fallback })}
          />
        )}
      </div>
    );
  }
  if (shape.kind === "choices") {
    return (
      <div className="form-input-details">
        <Small
          path={path}
          part="choices"
          label={`Choices of ${name}`}
          shown={shape.choices.join(" | ")}
          placeholder="basic | pro"
          editable={editable}
          problem={choicesProblem}
          onText={(text) => onShape({ ...shape, choices: text.split("|").map((one) => one.trim()) })}
        />
        <Default
          path={path}
          name={name}
          fallback={shape.fallback}
          editable={editable}
          onFallback={(fallback) => onShape({ ...shape, fallback })}
        />
      </div>
    );
  }
  if (shape.kind === "list") {
    return (
      <div className="form-nested">
        <div className="form-input-line">
          <span className="form-type">each item</span>
          <ShapeSelect
            shape={shape.item}
            name={`items of ${name}`}
            editable={editable}
            onShape={(item) => onShape({ kind: "list", item })}
          />
        </div>
        <ShapeDetails
          shape={shape.item}
          path={[...path, 0]}
          name={`items of ${name}`}
          editable={editable}
          onShape={(item) => onShape({ kind: "list", item })}
        />
      </div>
    );
  }
  if (shape.kind === "fields")
    return (
      <div className="form-nested">
        <NestedFields path={path} />
      </div>
    );
  return null;
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
          taken={fields.map((one) => one.key)}
          optional={field.optional}
          name={field.name}
          onRemove={() => void changes.remove([...path, field.key], `Remove ${field.name}`, path.length)}
        />
      ))}
      {editable ? (
        <Button
          size="s"
          kind="quiet"
          icon={<Plus size={14} aria-hidden />}
          onClick={() =>
            void changes.set(
              [
                ...path,
                freeName(
                  "field",
                  fields.map((one) => one.key),
                ),
              ],
              "string",
              "Add a field",
            )
          }
        >
          Add a field
        </Button>
      ) : null}
    </div>
  );
}

function Default({
  path,
  name,
  fallback,
  editable,
  onFallback,
}: {
  path: Path;
  name: string;
  fallback: string | null;
  editable: boolean;
  onFallback: (fallback: string | null) => void;
}) {
  const [asked, setAsked] = useState(false);
  if (fallback === null && !asked)
    return editable ? (
      <button
        type="button"
        className="form-more form-default"
        aria-label={`Give ${name} a default`}
        onClick={() => setAsked(true)}
      >
        + default
      </button>
    ) : null;
  return (
    <Small
      path={path}
      part="default"
      label={`Default of ${name}`}
      shown={fallback ?? ""}
      placeholder="value"
      editable={editable}
      problem={() => null}
      onText={(text) => onFallback(text.trim() === "" ? null : text)}
    />
  );
}

function choicesProblem(text: string): string | null {
  const choices = text.split("|").map((one) => one.trim());
  if (choices.length < 2 || choices.some((one) => one === "")) return "At least two words with | between them.";
  return choices.every((one) => /^[A-Za-z0-9_.:-]+$/.test(one)) ? null : "Words of letters, digits and _ . : -";
}

function Small({
  path,
  part,
  label,
  shown,
  placeholder,
  editable,
  problem,
  onText,
}: {
  path: Path;
  part: string;
  label: string;
  shown: string;
  placeholder: string;
  editable: boolean;
  problem: (text: string) => string | null;
  onText: (text: string) => void;
}) {
  const id = useEditor((state) => state.id);
  const draft = useDraft({
    name: `${id}/${pathKey(path)}#${part}`,
    shown,
    read: (text) => {
      const wrong = problem(text);
      return wrong === null ? { ok: true, value: text } : { ok: false, message: wrong };
    },
    commit: (value) => {
      onText(String(value));
      return Promise.resolve(true);
    },
  });
  return (
    <div className="form-small">
      <label>
        <span>{part}</span>
        <Input
          mono
          aria-label={label}
          aria-invalid={draft.problem !== null}
          value={draft.text}
          placeholder={placeholder}
          readOnly={!editable}
          onChange={(event) => draft.type(event.target.value)}
          onBlur={draft.leave}
        />
      </label>
      <Problem text={draft.problem} />
    </div>
  );
}
