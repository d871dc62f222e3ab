import { asText } from "@/model/document/text";
import type { TableEntry } from "@/api/editor";
import { useCallback } from "react";
import { ErrorNote } from "@/ui";
import { isMap, type Path, valueAt } from "@/model/document/path";
import { useEditor } from "../../document/store";
import { type Catalog, useAssist } from "../../assist/assist";
import { useAction } from "../../assist/use-catalog";
import { useChanges, useEditable, useValue } from "../changes";
import { BranchField, Branches, Cases, Catch, StepsField } from "../controls/blocks";
import { Columns, Where } from "@/editor/forms/controls/lists/columns";
import { MapRows } from "@/editor/forms/controls/lists/map-rows";
import { ObjectFields } from "@/editor/forms/controls/lists/object-fields";
import { type Entry } from "../../form-model/verbs";
import { fieldOf, type Field, type JsonSchema } from "../../form-model/schema";
import { type Choice, Picker } from "@/editor/forms/values/picker";
import { Row } from "../row";
import { ValueField } from "@/editor/forms/values/value-field";
import { ColumnsList } from "@/editor/forms/controls/lists/columns-list";
import { RetryField } from "../controls/retry";
import { WaitedEvent } from "../controls/waited-event";

export interface EntryProps {
  entry: Entry;
  step: Record<string, unknown>;
  verb: string;
  path: Path;
  catalog: Catalog;
}

/** One field of a step's form. `path`: of the step. */
export function EntryField({ entry, step, verb, path, catalog }: EntryProps) {
  const changes = useChanges();
  const editable = useEditable();
  const { key, field } = entry;
  const place = [...path, key];
  const remove =
    !field.required && Object.hasOwn(step, key)
      ? () => void changes.remove(place, `Remove ${key}`, path.length)
      : undefined;
  const table = catalog.tables.find((table) => table.name === step[verb]);
  const common = { field, path: place, label: `Change ${key}` };

  switch (entry.control) {
    case "action":
      return <ActionField {...common} step={step} />;
    case "parameters":
      return <Parameters path={place} action={asText(step["stripe"] ?? "")} />;
    case "table":
    case "template":
    case "workflow":
    case "function":
      return <Pick {...common} choices={choicesOf(entry.control, catalog)} />;
    case "arguments":
      return <Arguments path={place} input={inputOf(catalog, verb, step[verb])} />;
    case "where":
      return (
        <Group {...common} onRemove={remove}>
          <Where path={place} table={table} editable={editable} />
        </Group>
      );
    case "columns":
      return <ColumnsField {...common} table={table} />;
    case "column":
      return <Pick {...common} onRemove={remove} choices={columnsOf(table)} />;
    case "columns_list":
      return <ColumnsList {...common} onRemove={remove} columns={columnNames(table)} order={key === "order_by"} />;
    case "names":
      return <ColumnsList {...common} onRemove={remove} columns={[]} order={false} />;
    case "map":
      return <MapField {...common} onRemove={remove} verb={verb} />;
    case "steps":
      return branch(entry, verb, place);
    case "cases":
      return <Cases path={place} actions={actionsFor(catalog)} />;
    case "branches":
      return <Branches path={place} />;
    case "catch":
      return <Catch path={place} errors={catalog.errors.map((error) => error.kind)} />;
    case "retry":
      return <RetryField {...common} onRemove={remove} />;
    case "family_wait":
      return <WaitedEvent path={place} families={catalog.families} />;
    case "auto":
      return <ValueField {...common} onRemove={remove} />;
  }
}

const columnNames = (table: Parameters<typeof columnsOf>[0]): string[] => columnsOf(table).map(({ value }) => value);

/** The input schema of the called workflow or function. */
/** What a picker of each key asks for; tables are chosen under the verb that uses them. */
const CHOOSE: Record<string, string> = {
  ...Object.fromEntries(["select", "insert", "update", "upsert", "delete"].map((verb) => [verb, "Choose a table"])),
  email: "Choose a template",
  call: "Choose a workflow",
  python: "Choose a function",
  stripe: "Choose an action",
};

function inputOf(catalog: Catalog, verb: string, name: unknown): JsonSchema | null {
  const callable = verb === "call" ? catalog.workflows : catalog.functions;
  return callable.find((entry) => entry.name === name)?.input ?? null;
}

/** What the project has of a kind, to pick from. */
function choicesOf(kind: "table" | "template" | "workflow" | "function", catalog: Catalog): Choice[] {
  switch (kind) {
    case "table":
      return catalog.tables.map(({ name, columns }) => ({
        value: name,
        words: columns.map((column) => column.name).join(", "),
      }));
    case "template":
      return catalog.emails.map(({ name, doc }) => ({ value: name, words: doc }));
    case "workflow":
      return catalog.workflows.map(({ name, title, doc }) => ({ value: name, words: title ?? doc }));
    case "function":
      return catalog.functions.map(({ name, doc }) => ({ value: name, words: doc }));
  }
}

function branch(entry: Entry, verb: string, place: Path) {
  const { key, field } = entry;
  if (verb === "switch" && key === "default") {
    return (
      <BranchField
        path={place}
        name={key}
        doc={field.doc}
        absent="raise (the step fails)"
        words={[
          { value: "stop", words: "stop (the run stops, without an error)" },
          { value: "raise", words: "raise (written out)" },
        ]}
      />
    );
  }
  if (key === "on_error") {
    return (
      <BranchField
        path={place}
        name={key}
        doc={field.doc}
        absent="fail the run"
        words={[{ value: "continue", words: "continue with null" }]}
      />
    );
  }
  return <StepsField path={place} name={key} doc={field.doc} required={field.required} />;
}

/** The actions of the workflow's event families: what `switch: event.action` can be. */
function actionsFor(catalog: Catalog): string[] {
  const on = valueAt(useEditor.getState().lastParsed?.data, ["on"]);
  const triggers = Array.isArray(on) ? on : [on];
  return triggers.flatMap((trigger) => {
    if (!isMap(trigger) || typeof trigger["stripe"] !== "string") return [];
    const named = trigger["actions"];
    if (Array.isArray(named)) return named.map(String);
    return catalog.families.find((family) => family.family === trigger["stripe"])?.actions ?? [];
  });
}

function columnsOf(table: TableEntry | undefined): { value: string; words: string }[] {
  return (table?.columns ?? []).map((column) => ({ value: column.name, words: column.type }));
}

interface FieldProps {
  field: Field;
  path: Path;
  label: string;
  onRemove?: (() => void) | undefined;
}

function Group({ field, path, onRemove, children }: FieldProps & { children: React.ReactNode }) {
  return (
    <Row name={field.name} path={path} doc={field.doc} required={field.required} group onRemove={onRemove}>
      {() => children}
    </Row>
  );
}

function Pick({
  field,
  path,
  label,
  onRemove,
  choices,
}: FieldProps & { choices: { value: string; words?: string | null | undefined }[] }) {
  const changes = useChanges();
  const value = useValue(path);
  const editable = useEditable();
  return (
    <Row name={field.name} path={path} doc={field.doc} required={field.required} onRemove={onRemove}>
      {(ids) => (
        <Picker
          id={ids.id}
          describedBy={ids.describedBy}
          label={field.name}
          value={typeof value === "string" ? value : ""}
          choices={choices}
          placeholder={CHOOSE[field.name] ?? `Choose: ${field.name}`}
          invalid={ids.invalid}
          disabled={!editable}
          onPick={(next) => void changes.set(path, next, label)}
        />
      )}
    </Row>
  );
}

function ActionField({ field, path, label, step }: FieldProps & { step: Record<string, unknown> }) {
  const assist = useAssist();
  const changes = useChanges();
  const editable = useEditable();
  const value = asText(step["stripe"] ?? "");
  const { action } = useAction(value);
  const search = useCallback(
    async (query: string, signal: AbortSignal) => {
      const matches = await assist.actions(query, signal);
      return matches.map((entry) => ({ value: entry.name, words: entry.summary }));
    },
    [assist],
  );
  return (
    <Row name={field.name} path={path} doc={action?.summary ?? field.doc} required>
      {(ids) => (
        <>
          <Picker
            id={ids.id}
            describedBy={ids.describedBy}
            label="action"
            value={value}
            choices={[]}
            search={search}
            placeholder="Search Stripe's actions"
            invalid={ids.invalid}
            disabled={!editable}
            onPick={(next) => void changes.set(path, next, label)}
          />
          {action?.docs_url ? (
            <a className="form-link" href={action.docs_url} target="_blank" rel="noreferrer">
              Stripe's documentation
            </a>
          ) : null}
        </>
      )}
    </Row>
  );
}

function Parameters({ path, action: name }: { path: Path; action: string }) {
  const { action, loading } = useAction(name);
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  if (name === "") return <p className="form-empty">Choose an action to see its parameters.</p>;
  if (loading)
    return (
      <p className="form-empty" role="status">
        Loading the parameters of {name} …
      </p>
    );
  const schema = action?.params ?? {};
  const field = { ...fieldOf("with", schema), name: "", doc: "" };
  return (
    <Row name="with" path={path} type="parameters" group>
      {(ids) =>
        action === null ? (
          <>
            <ErrorNote error={new Error(`Stripe has no action named ${name}.`)} />
            <MapRows
              field={field}
              path={path}
              value={value}
              write={(next) => changes.set(path, next, "Change with")}
              label="Change with"
              ids={ids}
              editable={editable}
              keyWord="parameter"
            />
          </>
        ) : typeof value === "string" ? (
          <ValueField
            field={{ ...field, name: "all parameters" }}
            path={path}
            onRemove={() => void changes.remove(path, "Remove with")}
          />
        ) : (
          <ObjectFields
            field={{ ...field, kind: "object" }}
            path={path}
            value={value}
            write={(next) => changes.set(path, next, "Change with")}
            label="Change This action"
            ids={ids}
            editable={editable}
          />
        )
      }
    </Row>
  );
}

function Arguments({ path, input }: { path: Path; input: Parameters<typeof fieldOf>[1] | null }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  const field = { ...fieldOf("with", input ?? {}), name: "", doc: "" };
  const write = (next: unknown): Promise<boolean> => changes.set(path, next, "Change with");
  return (
    <Row name="with" path={path} type="arguments" group>
      {(ids) =>
        input !== null && field.kind === "object" ? (
          <ObjectFields
            field={field}
            path={path}
            value={value}
            write={write}
            label="Change It"
            ids={ids}
            editable={editable}
          />
        ) : (
          <MapRows
            field={{ ...field, kind: "map", schema: {} }}
            path={path}
            value={value}
            write={write}
            label="Change with"
            ids={ids}
            editable={editable}
            keyWord="argument"
          />
        )
      }
    </Row>
  );
}

function ColumnsField({ field, path, label, table }: FieldProps & { table: TableEntry | undefined }) {
  const value = useValue(path);
  const editable = useEditable();
  if (typeof value === "string" || Array.isArray(value))
    return (
      <ValueField
        field={{ ...field, kind: Array.isArray(value) ? "list" : "any", schema: {} }}
        path={path}
        label={label}
      />
    );
  return (
    <Group field={field} path={path} label={label}>
      <Columns path={path} table={table} editable={editable} what={field.name} />
    </Group>
  );
}

function MapField({ field, path, label, onRemove, verb }: FieldProps & { verb: string }) {
  const changes = useChanges();
  const editable = useEditable();
  const value = useValue(path);
  if (typeof value === "string")
    return <ValueField field={{ ...field, kind: "any" }} path={path} label={label} onRemove={onRemove} />;
  const word = verb === "let" ? "variable" : field.name === "headers" ? "header" : "value";
  return (
    <Row name={field.name} path={path} doc={field.doc} required={field.required} group onRemove={onRemove}>
      {(ids) => (
        <MapRows
          field={{
            ...field,
            kind: "map",
            ...(word === "header" ? { schema: { type: "object", additionalProperties: { type: "string" } } } : {}),
          }}
          path={path}
          value={value}
          write={(next) => changes.set(path, next, label)}
          label={label}
          ids={ids}
          editable={editable}
          keyWord={word}
        />
      )}
    </Row>
  );
}
