import { ChevronRight, X } from "lucide-react";
import { Select } from "@/ui";
import { AddButton } from "../added";
import { isMap, type Path, valueAt } from "@/model/document/path";
import { useEditor } from "../../document/store";
import { useChanges, useValue } from "../changes";
import { freeName } from "../../form-model/inputs";
import { verbOf } from "../../form-model/steps";
import { ValueField } from "@/editor/forms/values/value-field";
import { fieldOf } from "../../form-model/schema";
import { Row } from "../row";
import { ColumnsList } from "./lists/columns-list";
import { KeyInput } from "./lists/map-rows";

/** The steps of a branch: which there are, each a way to it. They are moved and added on the canvas. */
export function StepLinks({ path }: { path: Path }) {
  const steps = useValue(path);
  const select = useEditor((state) => state.select);
  if (!Array.isArray(steps) || steps.length === 0)
    return <p className="form-empty">No steps yet. Add them on the canvas.</p>;
  return (
    <ul className="form-steps">
      {steps.map((step, at) => (
        <li key={at}>
          <button type="button" onClick={() => select([...path, at])}>
            <span className="mono">{titleOf(step)}</span>
            <ChevronRight size={14} aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}

function titleOf(step: unknown): string {
  const verb = verbOf(step);
  if (!isMap(step) || verb === null) return "a step without a verb";
  const target = step[verb];
  const id = typeof step["id"] === "string" ? `${step["id"]}: ` : "";
  return `${id}${verb}${typeof target === "string" ? ` ${target}` : ""}`;
}

/** A branch that may also be a word: `default: stop`, `on_error: continue`. */
export function BranchField({
  path,
  name,
  doc,
  words,
  absent,
}: {
  path: Path;
  name: string;
  doc: string;
  words: { value: string; words: string }[];
  absent: string;
}) {
  const changes = useChanges();
  const value = useValue(path);
  const steps = Array.isArray(value);
  return (
    <Row name={name} path={path} doc={doc} type="steps">
      {(ids) => (
        <>
          <Select
            id={ids.id}
            aria-describedby={ids.describedBy}
            value={steps ? "steps" : typeof value === "string" ? value : ""}
            onChange={(event) => {
              const next = event.target.value;
              if (next === "") void changes.remove(path, `Remove ${name}`);
              else
                void changes.set(path, next === "steps" ? [{ log: `${name} of this step` }] : next, `Change ${name}`);
            }}
          >
            <option value="">{absent}</option>
            {words.map((word) => (
              <option key={word.value} value={word.value}>
                {word.words}
              </option>
            ))}
            <option value="steps">steps of its own</option>
          </Select>
          {steps ? <StepLinks path={path} /> : null}
        </>
      )}
    </Row>
  );
}

/** A branch that is steps only. */
export function StepsField({
  path,
  name,
  doc,
  required,
}: {
  path: Path;
  name: string;
  doc: string;
  required: boolean;
}) {
  const changes = useChanges();
  const value = useValue(path);
  if (value === undefined && !required) return null;
  return (
    <Row
      name={name}
      path={path}
      doc={doc}
      type="steps"
      group
      onRemove={required ? undefined : () => void changes.remove(path, `Remove ${name}`)}
    >
      {() => <StepLinks path={path} />}
    </Row>
  );
}

/** The cases of a switch: values with steps, or conditions with steps. */
export function Cases({ path, actions }: { path: Path; actions: string[] }) {
  const changes = useChanges();
  const cases = useValue(path);
  const byCondition = Array.isArray(cases);
  const names = isMap(cases) ? Object.keys(cases) : [];
  const add = () => {
    const [action] = actions.filter((action) => !names.includes(action));
    if (byCondition) {
      const value = { when: "true", do: [{ log: "a new case" }] };
      return changes.run([{ op: "insert", path: [...path, cases.length], value }], "Add a case");
    }
    const place = [...path, action ?? freeName("value", names)];
    return changes.set(place, [{ log: `case ${action ?? "value"}` }], "Add a case");
  };
  return (
    <Row
      name="cases"
      path={path}
      group
      required
      doc={byCondition ? "The first case whose condition is true runs." : "The case that the value names runs."}
    >
      {() => (
        <div className="form-list">
          {byCondition
            ? cases.map((_, at) => (
                <div className="form-item" key={at}>
                  <div className="form-item-body">
                    <ValueField
                      field={{ ...fieldOf("when", { type: "string" }, { writing: "bare", required: true }) }}
                      path={[...path, at, "when"]}
                    />
                    <StepLinks path={[...path, at, "do"]} />
                  </div>
                  <RemoveCase name={`case ${at + 1}`} path={[...path, at]} keep={path.length} />
                </div>
              ))
            : names.map((name) => (
                <div className="form-item" key={name}>
                  <div className="form-item-body">
                    <KeyInput path={[...path, name]} taken={names} word="case" editable />
                    <StepLinks path={[...path, name]} />
                  </div>
                  <RemoveCase name={name} path={[...path, name]} keep={path.length} />
                </div>
              ))}
          <div className="form-buttons">
            <AddButton onAdd={add}>Add a case</AddButton>
          </div>
        </div>
      )}
    </Row>
  );
}

function RemoveCase({ name, path, keep }: { name: string; path: Path; keep: number }) {
  const changes = useChanges();
  const document = useEditor((state) => state.document);
  const parent = valueAt(document?.data, path.slice(0, -1));
  const only = (Array.isArray(parent) ? parent.length : isMap(parent) ? Object.keys(parent).length : 0) < 2;
  if (only) return null;
  return (
    <button
      type="button"
      className="form-icon form-item-remove"
      aria-label={`Remove ${name} and its steps`}
      title={`Remove ${name} and its steps`}
      onClick={() => void changes.remove(path, `Remove ${name}`, keep)}
    >
      <X size={14} aria-hidden />
    </button>
  );
}

/** The branches of `parallel`. */
export function Branches({ path }: { path: Path }) {
  const changes = useChanges();
  const branches = useValue(path);
  const names = isMap(branches) ? Object.keys(branches) : [];
  return (
    <Row
      name="parallel"
      path={path}
      group
      required
      doc="The branches run at the same time; their names are the keys of the result."
    >
      {() => (
        <div className="form-list">
          {names.map((name) => (
            <div className="form-item" key={name}>
              <div className="form-item-body">
                <KeyInput path={[...path, name]} taken={names} word="branch" editable />
                <StepLinks path={[...path, name]} />
              </div>
              <RemoveCase name={name} path={[...path, name]} keep={path.length} />
            </div>
          ))}
          <div className="form-buttons">
            <AddButton
              onAdd={() => changes.set([...path, freeName("branch", names)], [{ log: "a new branch" }], "Add a branch")}
            >
              Add a branch
            </AddButton>
          </div>
        </div>
      )}
    </Row>
  );
}

function CatchClause({ path, at, errors }: { path: Path; at: number; errors: string[] }) {
  const changes = useChanges();
  return (
    <div className="form-item">
      <div className="form-item-body">
        <ColumnsList
          field={{
            ...fieldOf("errors", {}),
            doc: "Kinds of error, such as card_declined. Omit for every error.",
            placeholder: "every error",
          }}
          path={[...path, at, "errors"]}
          label="Change errors"
          columns={errors}
          order={false}
          onRemove={() => void changes.remove([...path, at, "errors"], "Catch every error", path.length + 1)}
        />
        <ValueField
          field={{
            ...fieldOf("as", { type: "string" }, { writing: "plain" }),
            placeholder: "error",
            doc: "The name under which the steps read the error.",
          }}
          path={[...path, at, "as"]}
        />
        <StepLinks path={[...path, at, "do"]} />
      </div>
      <RemoveCase name={`clause ${at + 1}`} path={[...path, at]} keep={path.length} />
    </div>
  );
}

/** What is done about a failure: steps for every error, or clauses that name errors. */
export function Catch({ path, errors }: { path: Path; errors: string[] }) {
  const changes = useChanges();
  const value = useValue(path);
  const list = Array.isArray(value) ? value : [];
  const clauses = list.length > 0 && list.every((entry) => isMap(entry) && "do" in entry && verbOf(entry) === null);
  return (
    <Row
      name="catch"
      path={path}
      group
      doc="The steps that run when a step fails: for every error, or by the kind of error."
    >
      {() => (
        <div className="form-list">
          {clauses ? (
            list.map((_, at) => <CatchClause key={at} path={path} at={at} errors={errors} />)
          ) : list.length > 0 ? (
            <StepLinks path={path} />
          ) : null}
          {clauses || list.length === 0 ? (
            <div className="form-buttons">
              <AddButton
                onAdd={() => {
                  const clause = { errors: "card_declined", do: [{ log: "${{ error.message }}" }] };
                  if (list.length > 0)
                    return changes.run([{ op: "insert", path: [...path, list.length], value: clause }], "Add a clause");
                  return changes.set(path, [clause], "Add a clause");
                }}
              >
                Add a clause
              </AddButton>
            </div>
          ) : null}
        </div>
      )}
    </Row>
  );
}
