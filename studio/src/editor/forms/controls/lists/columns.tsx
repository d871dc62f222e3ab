import type { TableEntry } from "@/api/editor";
import { X } from "lucide-react";
import { Select } from "@/ui";
import { isMap, type Path } from "@/model/document/path";
import { useChanges, useValue } from "@/editor/forms/changes";
import { AddButton } from "@/editor/forms/added";
import { AddParameter } from "@/editor/forms/add-parameter";
import { columnField } from "@/editor/form-model/columns";
import { emptyOf } from "@/editor/form-model/literal";
import type { Field } from "@/editor/form-model/schema";
import { OPERATORS, operandPath, type Operator, operatorOf, withOperator } from "@/editor/form-model/values/where";
import { ValueField } from "@/editor/forms/values/value-field";

interface ColumnsProps {
  path: Path;
  table: TableEntry | undefined;
  editable: boolean;
  what: string;
}

/** Columns of a table and their new values. */
export function Columns({ path, table, editable, what }: ColumnsProps) {
  const changes = useChanges();
  const value = useValue(path);
  const map = isMap(value) ? value : {};
  const rest = (table?.columns ?? []).filter((column) => !Object.hasOwn(map, column.name));
  return (
    <div className="form-fields">
      {Object.keys(map).map((name) => (
        <ValueField
          key={name}
          field={{ ...columnField(table, name), doc: "" }}
          path={[...path, name]}
          currency={map["currency"]}
          onRemove={() => void changes.remove([...path, name], `Remove ${name}`, path.length)}
        />
      ))}
      {editable ? (
        <AddColumn
          fields={rest.map((column) => columnField(table, column.name))}
          words={`Add a column to ${what}`}
          onPick={(field) => changes.set([...path, field.name], emptyOf(field), `Set ${field.name}`)}
          known={table !== undefined}
          path={path}
          taken={Object.keys(map)}
        />
      ) : null}
    </div>
  );
}

function AddColumn({
  fields,
  words,
  onPick,
  known,
  path,
  taken,
}: {
  fields: Field[];
  words: string;
  onPick: (field: Field) => Promise<boolean>;
  known: boolean;
  path: Path;
  taken: string[];
}) {
  const changes = useChanges();
  const step = useValue(path.slice(0, -1));
  const named =
    isMap(step) &&
    ["select", "insert", "update", "upsert", "delete"].some(
      (verb) => typeof step[verb] === "string" && step[verb] !== "",
    );
  if (!known && isMap(step) && !named && typeof path[path.length - 1] === "string")
    return <p className="form-empty">Choose a table first.</p>;
  if (known)
    return fields.length === 0 ? null : <AddParameter what="columns" words={words} fields={fields} onPick={onPick} />;
  return (
    <AddButton
      onAdd={() =>
        changes.set([...path, taken.includes("column") ? `column_${taken.length + 1}` : "column"], "", "Add a column")
      }
    >
      {words}
    </AddButton>
  );
}

/** Which rows: columns, how they are compared, and with what. */
export function Where({ path, table, editable }: Omit<ColumnsProps, "what">) {
  const changes = useChanges();
  const value = useValue(path);
  const map = isMap(value) ? value : {};
  const rest = (table?.columns ?? []).filter((column) => !Object.hasOwn(map, column.name));
  return (
    <div className="form-fields">
      {Object.keys(map).map((name) =>
        name === "any" && Array.isArray(map[name]) ? (
          <Any key={name} path={[...path, name]} table={table} editable={editable} size={map[name].length} />
        ) : (
          <Condition
            key={name}
            name={name}
            path={[...path, name]}
            table={table}
            editable={editable}
            value={map[name]}
            onRemove={() => void changes.remove([...path, name], `Remove ${name}`, path.length)}
          />
        ),
      )}
      {editable ? (
        <AddColumn
          fields={rest.map((column) => columnField(table, column.name))}
          words="Add a condition"
          onPick={(field) => changes.set([...path, field.name], emptyOf(field), `Compare ${field.name}`)}
          known={table !== undefined}
          path={path}
          taken={Object.keys(map)}
        />
      ) : null}
    </div>
  );
}

function Condition({
  name,
  path,
  table,
  editable,
  value,
  onRemove,
}: Omit<ColumnsProps, "what"> & { name: string; value: unknown; onRemove: () => void }) {
  const changes = useChanges();
  const column = columnField(table, name);
  const operator = operatorOf(value);
  const field: Field =
    operator === "in"
      ? { ...column, kind: "list", schema: { type: "array", items: column.schema }, unit: null }
      : operator === "is_null"
        ? { ...column, kind: "boolean", unit: null, choices: [] }
        : operator === null
          ? { ...column, kind: "map", unit: null, schema: {} }
          : column;
  return (
    <ValueField
      field={{ ...field, doc: "" }}
      path={[...path, ...operandPath(operator ?? "is")]}
      onRemove={onRemove}
      label={`Change ${name}`}
      beside={
        operator === null ? null : (
          <Select
            className="form-operator"
            aria-label={`How ${name} is compared`}
            value={operator}
            disabled={!editable}
            onChange={(event) =>
              void changes.set(path, withOperator(value, event.target.value as Operator), `Compare ${name}`)
            }
          >
            {OPERATORS.map((operator) => (
              <option key={operator.op} value={operator.op}>
                {operator.words}
              </option>
            ))}
          </Select>
        )
      }
    />
  );
}

function Any({ path, table, editable, size }: Omit<ColumnsProps, "what"> & { size: number }) {
  const changes = useChanges();
  return (
    <div className="form-row form-row-group" role="group" aria-label="any: one of these is true">
      <div className="form-label">
        <span className="form-label-text">
          <span className="form-name mono">any</span>
          <span className="form-type">one of these is true</span>
        </span>
        <span className="form-aside">
          {editable ? (
            <button
              type="button"
              className="form-icon"
              aria-label="Remove any"
              onClick={() => void changes.remove(path, "Remove any", path.length - 1)}
            >
              <X size={14} aria-hidden />
            </button>
          ) : null}
        </span>
      </div>
      <div className="form-list">
        {Array.from({ length: size }, (_, at) => (
          <div className="form-item" key={at}>
            <div className="form-item-body">
              <Where path={[...path, at]} table={table} editable={editable} />
            </div>
            {editable ? (
              <button
                type="button"
                className="form-icon form-item-remove"
                aria-label={`Remove alternative ${at + 1}`}
                onClick={() => void changes.remove([...path, at], "Remove an alternative", path.length)}
              >
                <X size={14} aria-hidden />
              </button>
            ) : null}
          </div>
        ))}
        {editable ? (
          <AddButton
            onAdd={() => changes.run([{ op: "insert", path: [...path, size], value: {} }], "Add an alternative")}
          >
            Add an alternative
          </AddButton>
        ) : null}
      </div>
    </div>
  );
}
