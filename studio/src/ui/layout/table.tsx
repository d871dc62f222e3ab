/** A list as a table: a header that stays, rows that are links, j/k and arrows to move, optional selection. */
import { useRef, type KeyboardEvent, type ReactNode } from "react";
import { Checkbox } from "@/ui/controls/field";
import "./table.css";

export interface Column<T> {
  id: string;
  header: ReactNode;
  cell: (row: T) => ReactNode;
  align?: "right";
  /** A CSS width; the rest share what is left. */
  width?: string;
  /** Left out on narrow screens. */
  minor?: boolean;
}

export interface TableProps<T> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  idOf: (row: T) => string;
  /** Called on click and Enter. */
  onOpen?: ((row: T) => void) | undefined;
  /** What a row is called for screen readers in its checkbox. */
  nameOf?: (row: T) => string;
  selected?: ReadonlySet<string>;
  onSelect?: ((selected: Set<string>) => void) | undefined;
  current?: string | undefined;
  compact?: boolean;
}

export function Table<T>({
  label,
  columns,
  rows,
  idOf,
  onOpen,
  nameOf,
  selected,
  onSelect,
  current,
  compact,
}: TableProps<T>) {
  const body = useRef<HTMLTableSectionElement>(null);
  const chosen = selected ?? new Set<string>();
  const ids = rows.map(idOf);
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    onSelect?.(next);
  };
  const onKey = (event: KeyboardEvent<HTMLTableRowElement>, row: T, index: number) => {
    if (event.target !== event.currentTarget) return;
    const move =
      event.key === "ArrowDown" || event.key === "j" ? 1 : event.key === "ArrowUp" || event.key === "k" ? -1 : 0;
    if (move) {
      event.preventDefault();
      body.current?.querySelectorAll<HTMLElement>("tr[data-row]")[index + move]?.focus();
    } else if (event.key === "Enter" && onOpen) {
      event.preventDefault();
      onOpen(row);
    } else if ((event.key === "x" || event.key === " ") && onSelect) {
      event.preventDefault();
      toggle(idOf(row));
    }
  };
  return (
    <table className={compact ? "table table-compact" : "table"} aria-label={label}>
      <Head columns={columns} ids={ids} chosen={chosen} onSelect={onSelect} />
      <tbody ref={body}>
        {rows.map((row, index) => {
          const id = idOf(row);
          return (
            <BodyRow
              key={id}
              id={id}
              row={row}
              columns={columns}
              name={nameOf?.(row) ?? id}
              current={current === id}
              chosen={chosen.has(id)}
              onToggle={onSelect ? () => toggle(id) : undefined}
              onOpen={onOpen}
              onKeyDown={(event) => onKey(event, row, index)}
            />
          );
        })}
      </tbody>
    </table>
  );
}

interface HeadProps<T> {
  columns: Column<T>[];
  ids: string[];
  chosen: ReadonlySet<string>;
  onSelect: TableProps<T>["onSelect"];
}

function Head<T>({ columns, ids, chosen, onSelect }: HeadProps<T>) {
  const all = ids.length > 0 && ids.every((id) => chosen.has(id));
  return (
    <thead>
      <tr>
        {onSelect && (
          <th className="table-check" scope="col">
            <Checkbox
              label="Select all"
              hideLabel
              checked={all ? true : chosen.size > 0 ? "indeterminate" : false}
              onChange={(next) => onSelect(next ? new Set(ids) : new Set())}
            />
          </th>
        )}
        {columns.map((column) => (
          <th
            key={column.id}
            scope="col"
            className={cellClass(column)}
            style={column.width ? { width: column.width } : undefined}
          >
            {column.header}
          </th>
        ))}
      </tr>
    </thead>
  );
}

interface BodyRowProps<T> extends Pick<TableProps<T>, "columns" | "onOpen"> {
  id: string;
  row: T;
  name: string;
  current: boolean;
  chosen: boolean;
  onToggle: (() => void) | undefined;
  onKeyDown: (event: KeyboardEvent<HTMLTableRowElement>) => void;
}

function BodyRow<T>({ id, row, columns, name, current, chosen, onToggle, onOpen, onKeyDown }: BodyRowProps<T>) {
  return (
    <tr
      data-row={id}
      tabIndex={onOpen ? 0 : undefined}
      className={onOpen ? "table-open" : undefined}
      aria-current={current ? "true" : undefined}
      data-chosen={chosen || undefined}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        // Links and buttons inside have their own actions; a text selection is not a click.
        if ((event.target as HTMLElement).closest("a,button,input,label") || window.getSelection()?.toString()) return;
        onOpen?.(row);
      }}
    >
      {onToggle && (
        <td className="table-check">
          <Checkbox label={`Select ${name}`} hideLabel checked={chosen} onChange={onToggle} />
        </td>
      )}
      {columns.map((column) => (
        <td key={column.id} className={cellClass(column)}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

function cellClass<T>(column: Column<T>): string | undefined {
  const classes = [column.align === "right" && "table-right", column.minor && "table-minor"].filter(Boolean).join(" ");
  return classes || undefined;
}
