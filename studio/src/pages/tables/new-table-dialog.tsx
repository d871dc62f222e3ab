/** A new table: its name and columns, added to tables.yaml. The server creates it at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Plus, Trash2 } from "lucide-react";
import { useId, useRef, useState } from "react";
import { client, take } from "@/api/client";
import { CreateDialog } from "@/components/create-dialog";
import { Button, Checkbox, Field, IconButton, Input, sentences } from "@/ui";
import { firstColumns, problemOf, TYPES, withTable, type NewColumn } from "./new-table";

const FILE = { params: { path: { path: "tables.yaml" } } };

async function addTable(name: string, columns: readonly NewColumn[]): Promise<void> {
  const file = await take(client.GET("/files/{path}", FILE));
  const text = withTable(file.text, name, columns);
  const saved = await take(client.PUT("/files/{path}", { ...FILE, body: { text, etag: file.etag } }));
  const wrong = saved.diagnostics.find((finding) => finding.severity === "error");
  if (!wrong) return;
  // Nothing stays of a table that can't be created: the form is still here to correct it.
  await take(client.PUT("/files/{path}", { ...FILE, body: { text: file.text, etag: saved.etag } }));
  throw new Error(sentences(wrong.message, wrong.hint));
}

export function NewTable({ known, close }: { known: ReadonlySet<string>; close: () => void }) {
  const navigate = useNavigate();
  const cache = useQueryClient();
  const [name, setName] = useState("");
  const [columns, setColumns] = useState(firstColumns);
  const [tried, setTried] = useState(false);
  const problem = problemOf(name, columns, known);
  const create = useMutation({
    mutationFn: () => addTable(name, columns),
    onSuccess: async () => {
      await Promise.all(["tables", "files", "editor"].map((key) => cache.invalidateQueries({ queryKey: [key] })));
      close();
      void navigate({ to: "/tables/$table", params: { table: name } });
    },
  });
  return (
    <CreateDialog
      title="New table"
      request={create}
      onSubmit={() => {
        setTried(true);
        if (problem === null) create.mutate();
      }}
      close={close}
    >
      <Field label="Name" hint="Lowercase, in the plural: orders" error={tried ? problem : undefined}>
        {(attributes) => (
          <Input {...attributes} mono value={name} onChange={(event) => setName(event.target.value.trim())} />
        )}
      </Field>
      <Columns columns={columns} onChange={setColumns} />
    </CreateDialog>
  );
}

function Columns({ columns, onChange }: { columns: NewColumn[]; onChange: (columns: NewColumn[]) => void }) {
  const types = useId();
  const list = useRef<HTMLFieldSetElement>(null);
  const focusRow = (index: number) =>
    requestAnimationFrame(() => list.current?.querySelectorAll<HTMLElement>("input[data-name]")[index]?.focus());
  return (
    <fieldset className="tables-columns" ref={list}>
      <legend>Columns</legend>
      <datalist id={types}>
        {TYPES.map((type) => (
          <option key={type} value={type} />
        ))}
      </datalist>
      {columns.map((column, index) => (
        <ColumnRow
          key={index}
          column={column}
          number={index + 1}
          types={types}
          onChange={(changes) =>
            onChange(columns.map((before, at) => (at === index ? { ...before, ...changes } : before)))
          }
          onRemove={() => {
            onChange(columns.filter((_, at) => at !== index));
            focusRow(Math.max(0, index - 1));
          }}
        />
      ))}
      <Button
        size="s"
        icon={<Plus aria-hidden />}
        onClick={() => {
          onChange([...columns, { name: "", type: "string", optional: false }]);
          focusRow(columns.length);
        }}
      >
        Add column
      </Button>
      <p className="faint tables-columns-hint">
        Money is an <code>int</code> in minor units, beside a column <code>currency</code>. Types can have a default (
        <code>= 0</code>), and <code>unique</code>.
      </p>
    </fieldset>
  );
}

interface ColumnRowProps {
  column: NewColumn;
  /** From 1. */
  number: number;
  /** The id of the list of suggested types. */
  types: string;
  onChange: (changes: Partial<NewColumn>) => void;
  onRemove: () => void;
}

function ColumnRow({ column, number, types, onChange, onRemove }: ColumnRowProps) {
  return (
    <div className="tables-column">
      <Input
        mono
        data-name
        aria-label={`Name of column ${number}`}
        placeholder="amount"
        value={column.name}
        onChange={(event) => onChange({ name: event.target.value.trim() })}
      />
      <Input
        mono
        list={types}
        aria-label={`Type of column ${number}`}
        placeholder="int"
        value={column.type}
        onChange={(event) => onChange({ type: event.target.value })}
      />
      <Checkbox label="Can be empty" checked={column.optional} onChange={(optional) => onChange({ optional })} />
      <IconButton label={`Remove column ${number}`} onClick={onRemove}>
        <Trash2 aria-hidden />
      </IconButton>
    </div>
  );
}
