/** One table as a grid: filter, sort, page, and a row opened at the side. */
import { asText } from "@/model/document/text";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { ArrowDown, ArrowUp, Plus, RefreshCw } from "lucide-react";
import { useMay } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import {
  Badge,
  Button,
  EmptyState,
  ErrorNote,
  IconButton,
  PageHeader,
  SearchField,
  Skeleton,
  Table,
  Time,
  count,
  fromUnix,
  type Column,
} from "@/ui";
import { SEARCH, isStripe, tables, type ColumnShape, type Row, type TableShape } from "./api";
import { Filters } from "./filters";
import { RowSheet } from "./row";
import { conditionsOf, conditionsText, controlOf, gridColumns, isAmount, moneyOf, toText, whereOf } from "./values";

export interface GridProps {
  table: TableShape;
  searchable: boolean;
  /** What can be done with the tables as a whole. */
  actions?: ReactNode;
}

export function Grid({ table, searchable, actions }: GridProps) {
  const [search, setSearch] = useSearchParams();
  const may = useMay("admin") && !isStripe(table);
  const conditions = conditionsOf(search["filter"]);
  const where = JSON.stringify(whereOf(conditions, table.columns));
  const sort = search["sort"];
  const query = searchable ? search["query"] : undefined;
  const result = useRows(table, { where, sort, query });
  const key = table.columns.find((column) => column.primary)?.name ?? "id";
  const rows = result.data?.pages.flatMap((page) => page.data) ?? [];
  const opened = search["row"];
  const listed = opened === undefined || opened === "new" ? undefined : rows.find((row) => String(row[key]) === opened);
  // A link may lead to a row that is not on this page, or not in this filter.
  const fetched = useQuery({
    queryKey: ["tables", "row", table.name, opened],
    queryFn: () => tables.row(table.name, opened ?? ""),
    enabled: opened !== undefined && opened !== "new" && !listed && result.isSuccess && !isStripe(table),
  });
  const row = listed ?? fetched.data?.row;
  return (
    <>
      <PageHeader
        title={table.name}
        badge={isStripe(table) ? <Badge tone="info">read from Stripe</Badge> : null}
        actions={
          <>
            {actions}
            <Actions found={result} may={may} />
          </>
        }
      />
      {searchable && <Query value={query ?? ""} onChange={(next) => setSearch({ query: next || undefined })} />}
      {fetched.isError && <ErrorNote error={fetched.error} compact />}
      <Filters
        columns={isStripe(table) ? [] : table.columns}
        conditions={conditions}
        onChange={(next) => setSearch({ filter: conditionsText(next) })}
      />
      <Rows
        table={table}
        result={result}
        filtered={conditions.length > 0 || Boolean(query)}
        keyColumn={key}
        opened={opened}
      />
      {opened !== undefined && (opened === "new" || row) && (
        <RowSheet
          key={opened}
          table={table}
          keyColumn={key}
          row={row}
          may={may}
          onClose={() => setSearch({ row: undefined })}
        />
      )}
    </>
  );
}

interface RowsQuestion {
  /** The filter as JSON. */
  where: string;
  sort: string | undefined;
  query: string | undefined;
}

/** The rows of a table, page by page: filtered and sorted, or what Stripe's search finds. */
function useRows(table: TableShape, { where, sort, query }: RowsQuestion) {
  return useInfiniteQuery({
    queryKey: ["tables", "rows", table.name, where, sort ?? "", query ?? ""],
    queryFn: ({ pageParam }) =>
      query
        ? tables.rows(table.name + SEARCH, { query, cursor: pageParam })
        : tables.rows(table.name, {
            filter: where === "{}" ? undefined : where,
            order_by: sort?.startsWith("-") ? `${sort.slice(1)} desc` : sort,
            cursor: pageParam,
          }),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.next ?? undefined,
    placeholderData: (old) => old,
  });
}

type FoundRows = ReturnType<typeof useRows>;

function Actions({ found: result, may }: { found: FoundRows; may: boolean }) {
  const [, setSearch] = useSearchParams();
  return (
    <>
      <IconButton label="Reload" onClick={() => void result.refetch()} busy={result.isFetching}>
        <RefreshCw aria-hidden />
      </IconButton>
      {may && (
        <Button kind="primary" icon={<Plus aria-hidden />} onClick={() => setSearch({ row: "new" }, { push: true })}>
          New row
        </Button>
      )}
    </>
  );
}

interface RowsProps {
  table: TableShape;
  result: FoundRows;
  filtered: boolean;
  keyColumn: string;
  /** The key of the row that is open at the side. */
  opened: string | undefined;
}

function Rows(props: RowsProps) {
  const { table, result: result, filtered } = props;
  const [, setSearch] = useSearchParams();
  if (result.isError) return <ErrorNote error={result.error} retry={() => void result.refetch()} />;
  if (!result.data) return <Skeleton lines={8} />;
  const rows = result.data.pages.flatMap((page) => page.data);
  if (rows.length > 0) return <RowsTable {...props} rows={rows} />;
  if (filtered) {
    return (
      <EmptyState
        title="No matching rows"
        action={<Button onClick={() => setSearch({ filter: undefined, query: undefined })}>Show all rows</Button>}
      />
    );
  }
  return (
    <EmptyState title="No rows yet">
      {isStripe(table) ? "Stripe has none." : "Rows appear when a workflow inserts them. Or select New row above."}
    </EmptyState>
  );
}

function RowsTable({ table, result: query, rows, keyColumn, opened }: RowsProps & { rows: Row[] }) {
  const [search, setSearch] = useSearchParams();
  const sort = search["sort"];
  const visible = gridColumns(table.columns, isStripe(table));
  const total = query.data?.pages[0]?.total ?? null;
  const idOf = (row: Row): string => String(row[keyColumn]);
  const columns: Column<Row>[] = visible.map((column) => ({
    id: column.name,
    header: isStripe(table) ? (
      column.name
    ) : (
      <SortButton column={column} sort={sort} onSort={(next) => setSearch({ sort: next })} />
    ),
    width: widthOf(column),
    ...(column.type === "int" || column.type === "number" ? { align: "right" as const } : {}),
    cell: (row) => <Cell column={column} row={row} />,
  }));
  return (
    <>
      <div className="tables-scroll" tabIndex={0} role="region" aria-label={`Rows of ${table.name}`}>
        <div style={{ minWidth: `${visible.length * 130}px` }}>
          <Table
            label={table.name}
            columns={columns}
            rows={rows}
            idOf={idOf}
            onOpen={(row) => setSearch({ row: idOf(row) }, { push: true })}
            current={opened}
            compact
          />
        </div>
      </div>
      <p className="faint tables-count">
        {query.hasNextPage
          ? `${rows.length.toLocaleString("en-US")} of ${total === null ? "more" : count(total, "row")}`
          : count(rows.length, "row")}
        {query.hasNextPage && (
          <Button kind="quiet" size="s" busy={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
            Load more
          </Button>
        )}
      </p>
    </>
  );
}

/** Stripe's own search language, sent on Enter: each search is a call. */
function Query({ value, onChange }: { value: string; onChange: (query: string) => void }) {
  const [text, setText] = useState(value);
  return (
    <form
      role="search"
      className="tables-query"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <SearchField
        label="Stripe search query"
        placeholder={`Stripe search: metadata["order_id"]:"…" AND created>1700000000`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <Button type="submit">Search</Button>
    </form>
  );
}

function SortButton({
  column,
  sort,
  onSort,
}: {
  column: ColumnShape;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
}) {
  const up = sort === column.name;
  const down = sort === `-${column.name}`;
  if (controlOf(column) === "json") return <>{column.name}</>;
  return (
    <button
      type="button"
      className="tables-sort"
      onClick={() => onSort(up ? `-${column.name}` : down ? undefined : column.name)}
      aria-label={`Sort by ${column.name}${up ? ", now ascending" : down ? ", now descending" : ""}`}
    >
      {column.name}
      {up && <ArrowUp aria-hidden />}
      {down && <ArrowDown aria-hidden />}
    </button>
  );
}

function widthOf(column: ColumnShape): string {
  const control = controlOf(column);
  if (control === "check") return "90px";
  // An amount is never cut: that of a currency with three decimals has the longest.
  if (control === "number") return isAmount(column) ? "176px" : "100px";
  return control === "moment" ? "130px" : "170px";
}

function Cell({ column, row }: { column: ColumnShape; row: Row }) {
  const value = row[column.name];
  if (value === null || value === undefined) return <span className="faint">null</span>;
  if (typeof value === "boolean") return <code>{String(value)}</code>;
  if (column.name === "created" && typeof value === "number") return <Time at={fromUnix(value)} />;
  if (column.type === "datetime") return <Time at={asText(value)} />;
  if (typeof value === "number") {
    const amount = moneyOf(column, row);
    return (
      <span className="num" title={amount && `${value} in minor units`}>
        {amount ?? value}
      </span>
    );
  }
  if (typeof value === "object") return <code className="soft">{JSON.stringify(value)}</code>;
  return column.type === "uuid" || /_id$|^id$/.test(column.name) ? (
    <code title={asText(value)}>{toText(value)}</code>
  ) : (
    <span title={asText(value)}>{asText(value)}</span>
  );
}
