/** The type of an input: chosen from a list, with its rule, its choices, its items or its default. */
import { type ReactNode, useState } from "react";
import { type Path, pathKey } from "@/model/document/path";
import { Input, Select } from "@/ui";
import { useEditor } from "../../document/store";
import { type InputShape, ruleLabel, ruleProblem, TYPES } from "../../form-model/inputs";
import { useDraft } from "../draft";
import { Problem } from "../problem";

const LIST = "list of …";

export function ShapeSelect({
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
  const now = shape.kind === "typed" ? shape.type : shape.kind === "list" ? LIST : shape.kind;
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

interface DetailsProps<Shape extends InputShape = InputShape> {
  shape: Shape;
  path: Path;
  name: string;
  editable: boolean;
  onShape: (shape: InputShape) => void;
  /** The rows of a map's own fields; they are inputs again. */
  nested: (path: Path) => ReactNode;
}

type Of<Kind extends InputShape["kind"]> = DetailsProps<Extract<InputShape, { kind: Kind }>>;

export function ShapeDetails(props: DetailsProps) {
  const { shape, path, nested } = props;
  switch (shape.kind) {
    case "typed":
      return <TypedDetails {...props} shape={shape} />;
    case "choices":
      return <ChoicesDetails {...props} shape={shape} />;
    case "list":
      return <ListDetails {...props} shape={shape} />;
    case "fields":
      return <div className="form-nested">{nested(path)}</div>;
    case "other":
      return null;
  }
}

function TypedDetails({ shape, path, name, editable, onShape }: Of<"typed">) {
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

function ChoicesDetails({ shape, path, name, editable, onShape }: Of<"choices">) {
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
        onText={(text) => onShape({ ...shape, choices: text.split("|").map((choice) => choice.trim()) })}
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

function ListDetails({ shape, path, name, editable, onShape, nested }: Of<"list">) {
  const ofItems = {
    shape: shape.item,
    name: `items of ${name}`,
    editable,
    onShape: (item: InputShape) => onShape({ kind: "list", item }),
  };
  return (
    <div className="form-nested">
      <div className="form-input-line">
        <span className="form-type">each item</span>
        <ShapeSelect {...ofItems} />
      </div>
      <ShapeDetails {...ofItems} path={[...path, 0]} nested={nested} />
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
  const [confirming, setAsked] = useState(false);
  if (fallback === null && !confirming)
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
  const choices = text.split("|").map((part) => part.trim());
  if (choices.length < 2 || choices.some((choice) => choice === "")) return "At least two words with | between them.";
  return choices.every((choice) => /^[A-Za-z0-9_.:-]+$/.test(choice)) ? null : "Words of letters, digits and _ . : -";
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
