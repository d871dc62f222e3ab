import { Select } from "@/ui";
import { isMap } from "@/model/document/path";
import type { Field, Kind } from "../../form-model/schema";
import { type ControlProps, LiteralControl } from "../control";

/** The sign comes first: a narrow control shows only that. */
const KINDS: { word: string; kind: Kind; empty: unknown }[] = [
  { word: "Aa  text", kind: "text", empty: "" },
  { word: "12  number", kind: "number", empty: 0 },
  { word: "⊤⊥  true or false", kind: "boolean", empty: true },
  { word: "[ ]  list", kind: "list", empty: [] },
  { word: "{ }  keys and values", kind: "map", empty: {} },
];

/** A value of which nothing is known: its kind can be chosen. */
export function AnyValue(props: ControlProps) {
  const { field, value, write, editable } = props;
  const nothing = value === null;
  const kind = kindOf(value);
  const inner: Field = {
    ...field,
    kind,
    schema: {},
    unit: null,
    choices: [],
    minimum: null,
    maximum: null,
    pattern: null,
  };
  const nested = kind === "list" || kind === "map";
  const control = nothing ? null : <LiteralControl {...props} field={inner} />;
  return (
    <div className="form-any">
      <div className="form-any-line">
        <Select
          className="form-any-kind"
          aria-label={`Kind of ${field.name}`}
          value={nothing ? "null" : kind}
          disabled={!editable}
          onChange={(event) => {
            const next = event.target.value;
            void write(next === "null" ? null : converted(value, next as Kind));
          }}
        >
          {KINDS.map((kind) => (
            <option key={kind.kind} value={kind.kind}>
              {kind.word}
            </option>
          ))}
          <option value="null">∅ nothing</option>
        </Select>
        {nested || nothing ? null : <div className="form-any-control">{control}</div>}
      </div>
      {nested ? <div className="form-any-nested">{control}</div> : null}
    </div>
  );
}

function kindOf(value: unknown): Kind {
  if (Array.isArray(value)) return "list";
  if (isMap(value)) return "map";
  return typeof value === "number" ? "number" : typeof value === "boolean" ? "boolean" : "text";
}

/** The value as another kind, where it means something there. */
function converted(value: unknown, kind: Kind): unknown {
  const empty = KINDS.find((option) => option.kind === kind)?.empty;
  if (kind === "text" && (typeof value === "number" || typeof value === "boolean")) return String(value);
  if (kind === "number" && typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value.trim())) return Number(value);
  if (kind === "list" && value !== undefined && value !== null && value !== "" && !isMap(value)) return [value];
  return empty;
}
