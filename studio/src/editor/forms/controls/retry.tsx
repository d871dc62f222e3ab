import { Select } from "@/ui";
import { isMap, type Path } from "@/model/document/path";
import { useChanges, useEditable, useValue } from "../changes";
import { fieldOf, type Field } from "../../form-model/schema";
import { Row } from "../row";
import { ValueField } from "@/editor/forms/values/value-field";

const RULE: [string, Parameters<typeof fieldOf>[1]][] = [
  [
    "attempts",
    { type: "integer", minimum: 1, maximum: 100, description: "Maximum number of attempts, including the first." },
  ],
  ["first", { type: "string", description: "The pause before the second attempt: 1s." }],
  ["factor", { type: "number", minimum: 1, maximum: 10, description: "The factor by which each pause grows." }],
  ["most", { type: "string", description: "The longest pause: 60s." }],
];

function RuleFields({ path, rule }: { path: Path; rule: Record<string, unknown> }) {
  const changes = useChanges();
  return (
    <div className="form-nested">
      {RULE.map(([key, schema]) => (
        <ValueField
          key={key}
          field={fieldOf(key, schema, { writing: "plain" })}
          path={[...path, key]}
          onRemove={Object.hasOwn(rule, key) ? () => void changes.remove([...path, key], `Remove ${key}`) : undefined}
        />
      ))}
    </div>
  );
}

/** How often and how fast a call is retried. */
export function RetryField({
  field,
  path,
  onRemove,
}: {
  field: Field;
  path: Path;
  label: string;
  onRemove?: (() => void) | undefined;
}) {
  const value = useValue(path);
  const changes = useChanges();
  const editable = useEditable();
  const kind = value === undefined ? "" : value === false ? "never" : isMap(value) ? "rule" : "times";
  return (
    <Row name="retry" path={path} doc={field.doc} onRemove={onRemove} below>
      {(ids) => (
        <>
          <Select
            id={ids.id}
            aria-describedby={ids.describedBy}
            value={kind}
            disabled={!editable}
            onChange={(event) => {
              const next = event.target.value;
              if (next === "") onRemove?.();
              else
                void changes.set(
                  path,
                  next === "never"
                    ? false
                    : next === "times"
                      ? 5
                      : { attempts: typeof value === "number" ? value : 5, first: "1s", most: "60s" },
                  "Change retry",
                );
            }}
          >
            <option value="">default: 5 attempts</option>
            <option value="never">never</option>
            <option value="times">number of attempts</option>
            <option value="rule">attempts and pauses</option>
          </Select>
          {kind === "times" ? (
            <ValueField
              field={fieldOf("tries", { type: "integer", minimum: 1, maximum: 100 }, { writing: "plain" })}
              path={path}
              label="Change retry"
              bare
            />
          ) : null}
          {kind === "rule" && isMap(value) ? <RuleFields path={path} rule={value} /> : null}
        </>
      )}
    </Row>
  );
}
