/** One row at the side: every column as a field, the runs that wrote it, and a guarded way to change or delete it. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Activity, Trash2 } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { ApiError } from "@/api/client";
import {
  Button,
  Confirm,
  Dialog,
  ErrorNote,
  Field,
  Input,
  JsonView,
  Select,
  Skeleton,
  Status,
  Switch,
  TextArea,
  Time,
  money,
  toast,
} from "@/ui";
import { isStripe, tables, type ColumnShape, type Row, type TableShape } from "./api";
import { changed, controlOf, fromText, isAmount, toText } from "./values";

interface RowSheetProps {
  table: TableShape;
  keyColumn: string;
  /** Undefined for a new row. */
  row: Row | undefined;
  may: boolean;
  onClose: () => void;
}

export function RowSheet({ table, keyColumn, row, may, onClose }: RowSheetProps) {
  const cache = useQueryClient();
  // The row as it was when the form opened is the guard: conflicting edits are reported, not overwritten.
  const [old] = useState<Row>(row ?? {});
  const fields = useRowFields(table, old);
  const [asking, setAsking] = useState(false);
  const id = row ? String(old[keyColumn]) : null;
  const done = (title: string) => {
    void cache.invalidateQueries({ queryKey: ["tables"] });
    toast({ title });
    onClose();
  };
  const save = useMutation({
    mutationFn: (values: Row) =>
      id === null ? tables.insert(table.name, values) : tables.update(table.name, id, values, old),
    onSuccess: () => done(id === null ? "The row was added" : "The row was saved"),
  });
  const submit = () => {
    const values = fields.read();
    if (values === null) return;
    const send = id === null ? values : changed(old, values);
    if (id !== null && Object.keys(send).length === 0) onClose();
    else save.mutate(send);
  };
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      side
      title={id === null ? `New row of ${table.name}` : table.name}
      description={id === null ? "Empty columns get their defaults." : <code>{id}</code>}
      footer={
        <Footer
          {...{ may, onClose, fresh: id === null, busy: save.isPending, onSave: submit }}
          onDelete={() => setAsking(true)}
        />
      }
    >
      <div className="tables-row">
        {save.isError && <ErrorNote error={save.error} compact />}
        {id !== null && <TimelineLink id={id} />}
        {isStripe(table) && <JsonView value={old} label={`${table.name} ${id ?? ""}`} open={1} />}
        {!isStripe(table) && (
          <Fields table={table} old={old} fresh={id === null} may={may} fields={fields} error={save.error} />
        )}
        {id !== null && !isStripe(table) && <History table={table.name} id={id} />}
      </div>
      {id !== null && (
        <DeleteRow
          table={table.name}
          open={asking}
          onOpenChange={setAsking}
          onConfirm={() => tables.remove(table.name, id, old).then(() => done("The row was deleted"))}
        />
      )}
    </Dialog>
  );
}

const TimelineLink = ({ id }: { id: string }) => (
  <Link to="/journey/$id" params={{ id }} className="tables-journey">
    <Activity aria-hidden /> Everything related to it
  </Link>
);

interface DeleteRowProps {
  table: string;
  open: boolean;
  onOpenChange: (open: boolean) => void;
  onConfirm: () => Promise<void>;
}

function DeleteRow({ table, open, onOpenChange, onConfirm }: DeleteRowProps) {
  return (
    <Confirm
      open={open}
      onOpenChange={onOpenChange}
      title={`Delete this row of ${table}?`}
      action="Delete the row"
      danger
      onConfirm={onConfirm}
    >
      You can't restore it. Workflows that start on deleted rows will start.
    </Confirm>
  );
}

interface FieldsProps {
  table: TableShape;
  old: Row;
  /** The row is a new one. */
  fresh: boolean;
  may: boolean;
  fields: ReturnType<typeof useRowFields>;
  /** What the server said of the last attempt to save; it may be about single columns. */
  error: Error | null;
}

function Fields({ table, old, fresh, may, fields, error }: FieldsProps) {
  const refused = error instanceof ApiError ? ((error.body as { fields?: Record<string, string> }).fields ?? {}) : {};
  return (
    <>
      {table.columns.map((column) => (
        <Cell
          key={column.name}
          column={column}
          fresh={fresh}
          text={fields.texts[column.name] ?? ""}
          value={old[column.name]}
          currency={fields.texts["currency"]}
          editable={may && (fresh || !column.primary)}
          error={fields.problems[column.name] ?? refused[column.name]}
          onChange={(text) => fields.change(column.name, text)}
        />
      ))}
    </>
  );
}

/** The columns as texts in fields, and what was typed read as values. */
function useRowFields(table: TableShape, old: Row) {
  const [texts, setTexts] = useState<Record<string, string>>(() =>
    Object.fromEntries(table.columns.map((column) => [column.name, toText(old[column.name])])),
  );
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const [problems, setProblems] = useState<Record<string, string>>({});
  const change = (column: string, text: string): void => {
    setTexts((now) => ({ ...now, [column]: text }));
    setTouched((now) => new Set(now).add(column));
  };
  /** The values of the changed columns; null when one cannot be read. */
  const read = (): Row | null => {
    const values: Row = {};
    const wrong: Record<string, string> = {};
    for (const column of table.columns) {
      if (!touched.has(column.name)) continue;
      const value = fromText(column, texts[column.name] ?? "");
      if ("problem" in value) wrong[column.name] = value.problem;
      else values[column.name] = value.value;
    }
    setProblems(wrong);
    return Object.keys(wrong).length > 0 ? null : values;
  };
  return { texts, problems, change, read };
}

interface FooterProps {
  may: boolean;
  /** The row is a new one. */
  fresh: boolean;
  busy: boolean;
  onDelete: () => void;
  onClose: () => void;
  onSave: () => void;
}

function Footer({ may, fresh, busy, onDelete, onClose, onSave }: FooterProps) {
  if (!may) return <Button onClick={onClose}>Close</Button>;
  return (
    <>
      {!fresh && (
        <Button kind="danger" icon={<Trash2 aria-hidden />} onClick={onDelete}>
          Delete
        </Button>
      )}
      <Button onClick={onClose}>Close</Button>
      <Button kind="primary" busy={busy} onClick={onSave}>
        {fresh ? "Add the row" : "Save"}
      </Button>
    </>
  );
}

interface CellProps {
  column: ColumnShape;
  /** The row is a new one. */
  fresh: boolean;
  text: string;
  value: unknown;
  currency: string | undefined;
  editable: boolean;
  error: string | undefined;
  onChange: (text: string) => void;
}

function Cell({ column, fresh, text, value, currency, editable, error, onChange }: CellProps) {
  const control = controlOf(column);
  const label = (
    <>
      {column.name} <span className="faint">{column.type}</span>
    </>
  );
  if (!editable && value !== null && typeof value === "object") {
    return (
      <div className="field">
        <span className="tables-label">{label}</span>
        <JsonView value={value} label={column.name} open={1} />
      </div>
    );
  }
  if (control === "check" && !column.nullable) {
    return (
      <Switch
        label={column.name}
        checked={text === "true"}
        disabled={!editable}
        onChange={(next) => onChange(String(next))}
      />
    );
  }
  const amount = isAmount(column) && currency && /^-?\d+$/.test(text) ? money(Number(text), currency) : null;
  return (
    <Field
      label={label}
      error={error}
      hint={
        amount
          ? `Minor units: ${amount}`
          : column.references
            ? `References ${column.references}`
            : fresh && column.has_default
              ? "Leave empty for the default"
              : undefined
      }
    >
      {(attributes) => (
        <CellControl attributes={attributes} column={column} text={text} editable={editable} onChange={onChange} />
      )}
    </Field>
  );
}

type CellControlProps = Pick<CellProps, "column" | "text" | "editable" | "onChange"> & {
  attributes: Parameters<ComponentProps<typeof Field>["children"]>[0];
};

function CellControl({ attributes, column, text, editable, onChange }: CellControlProps) {
  const control = controlOf(column);
  if (control === "choice" || control === "check") {
    return (
      <Select {...attributes} value={text} disabled={!editable} onChange={(event) => onChange(event.target.value)}>
        {(column.nullable || text === "") && <option value="">null</option>}
        {(control === "check" ? ["true", "false"] : (column.choices ?? [])).map((choice) => (
          <option key={choice}>{choice}</option>
        ))}
      </Select>
    );
  }
  if (control === "json" || control === "lines") {
    return (
      <TextArea
        {...attributes}
        mono={control === "json"}
        rows={control === "json" ? 6 : 3}
        value={text}
        readOnly={!editable}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  return (
    <Input
      {...attributes}
      mono={control !== "text"}
      value={text}
      readOnly={!editable}
      placeholder={column.nullable ? "null" : undefined}
      inputMode={control === "number" ? "numeric" : undefined}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

function History({ table, id }: { table: string; id: string }) {
  const history = useQuery({ queryKey: ["tables", "history", table, id], queryFn: () => tables.history(table, id) });
  return (
    <section aria-label="Written by">
      <h3 className="tables-label">Written by</h3>
      {history.isPending && <Skeleton lines={2} />}
      {history.isError && <ErrorNote error={history.error} compact />}
      {history.data && history.data.data.length === 0 && (
        <p className="faint">No stored run. The row might be a seed, or was edited here.</p>
      )}
      {history.data && (
        <ul className="tables-history">
          {history.data.data.map((entry) => (
            <li key={entry.id}>
              <Link to="/runs/$id" params={{ id: entry.id }}>
                {entry.workflow}
              </Link>
              <span className="tables-history-when faint">
                <Status status={entry.status} quiet /> <Time at={entry.created_at} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
