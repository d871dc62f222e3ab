/** The project's tables as grids, and Stripe's resources beside them. */
import { usePathParams } from "@/browser/path-params";
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate } from "@tanstack/react-router";
import { Lock, Table2 } from "lucide-react";
import { EmptyState, ErrorNote, PageBody, PageHeader, Select, Skeleton } from "@/ui";
import { SEARCH, isStripe, tables, type TableShape } from "./api";
import { Grid } from "./grid";
import "./tables.css";

export function Page() {
  const { table } = usePathParams();
  const list = useQuery({ queryKey: ["tables", "list"], queryFn: tables.list });
  if (!list.data) {
    return (
      <PageBody wide>
        <PageHeader title="Tables" />
        {list.isError ? <ErrorNote error={list.error} retry={() => void list.refetch()} /> : <Skeleton />}
      </PageBody>
    );
  }
  const all = list.data.data;
  const first = all[0];
  if (!first) {
    return (
      <PageBody>
        <PageHeader title="Tables" />
        <EmptyState icon={Table2} title="No tables yet">
          Declare them in <code>tables.yaml</code>: a name, columns and their types. Payloom creates them at the next
          start.
        </EmptyState>
      </PageBody>
    );
  }
  if (!table) return <Navigate to="/tables/$table" params={{ table: first.name }} replace />;
  const chosen = all.find((entry) => entry.name === table);
  const own = all.filter((entry) => !isStripe(entry));
  const stripe = all.filter((entry) => isStripe(entry) && !entry.name.endsWith(SEARCH));
  return (
    <PageBody wide>
      <div className="tables">
        <Choice own={own} stripe={stripe} current={table} />
        <nav className="tables-nav" aria-label="Tables">
          <Group title="Yours" tables={own} current={table} />
          {stripe.length > 0 && <Group title="Stripe" tables={stripe} current={table} />}
        </nav>
        <div className="tables-main">
          {chosen ? (
            <Grid
              key={chosen.name}
              table={chosen}
              searchable={all.some((entry) => entry.name === chosen.name + SEARCH)}
            />
          ) : (
            <>
              <PageHeader title={table} />
              <EmptyState icon={Table2} title={`There is no table “${table}”`}>
                Select a table, or declare it in <code>tables.yaml</code>.
              </EmptyState>
            </>
          )}
        </div>
      </div>
    </PageBody>
  );
}

/** The menu of a narrow screen. */
function Choice({ own, stripe, current }: { own: TableShape[]; stripe: TableShape[]; current: string }) {
  const navigate = useNavigate();
  const options = (members: TableShape[]) =>
    members.map(({ name }) => (
      <option key={name} value={name}>
        {name.replace(/^stripe\./, "")}
      </option>
    ));
  return (
    <Select
      aria-label="Table"
      className="tables-choice"
      value={current}
      onChange={(event) => void navigate({ to: "/tables/$table", params: { table: event.target.value } })}
    >
      <optgroup label="Yours">{options(own)}</optgroup>
      {stripe.length > 0 && <optgroup label="Stripe">{options(stripe)}</optgroup>}
    </Select>
  );
}

function Group({ title, tables: members, current }: { title: string; tables: TableShape[]; current: string }) {
  return (
    <div>
      <h2>{title}</h2>
      <ul>
        {members.map((table) => (
          <li key={table.name}>
            <Link
              to="/tables/$table"
              params={{ table: table.name }}
              aria-current={table.name === current ? "page" : undefined}
              className="tables-link"
            >
              {isStripe(table) ? <Lock aria-hidden /> : <Table2 aria-hidden />}
              {table.name.replace(/^stripe\./, "")}
            </Link>
          </li>
        ))}
      </ul>
    </div>
  );
}
