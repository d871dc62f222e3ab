/** The project's tables as grids, and Stripe's resources beside them. */
import { usePathParams } from "@/browser/path-params";
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate, useNavigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { Columns3, Lock, Plus, Table2 } from "lucide-react";
import { useMay, useMe } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import { AtStripe } from "@/components/stripe-clock";
import { SideList } from "@/components/side-list";
import { Button, EmptyState, ErrorNote, PageBody, PageHeader, Skeleton } from "@/ui";
import { SEARCH, isStripe, tables, type TableShape } from "./api";
import { Grid } from "./grid";
import { NewTable } from "./new-table-dialog";
import "./tables.css";

export function Page() {
  const { table } = usePathParams();
  const [search, setSearch] = useSearchParams();
  const list = useQuery({ queryKey: ["tables", "list"], queryFn: tables.list });
  const may = useMayChange();
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
  return (
    <PageBody wide>
      {!first ? <NoTable may={may} /> : !table ? <ToTable name={first.name} /> : <Tables all={all} current={table} />}
      {may && search["new"] === "table" && (
        <NewTable known={new Set(all.map((entry) => entry.name))} close={() => setSearch({ new: undefined })} />
      )}
    </PageBody>
  );
}

/** Whether tables.yaml can be changed here, by this person. */
function useMayChange(): boolean {
  const admin = useMay("admin");
  const me = useMe().data;
  return admin && me?.editable === true && me.env === "dev";
}

const ToTable = ({ name }: { name: string }) => <Navigate to="/tables/$table" params={{ table: name }} replace />;

function NoTable({ may }: { may: boolean }) {
  return (
    <>
      <PageHeader title="Tables" />
      <EmptyState icon={Table2} title="No tables yet" action={may && <NewTableButton primary />}>
        Tables keep what your workflows write: orders, customers, entitlements.
        {!may && (
          <>
            {" "}
            Declare them in <code>tables.yaml</code>.
          </>
        )}
      </EmptyState>
    </>
  );
}

function NewTableButton({ primary }: { primary?: boolean }) {
  const [, setSearch] = useSearchParams();
  return (
    <Button
      {...(primary ? { kind: "primary" as const } : {})}
      icon={<Plus aria-hidden />}
      onClick={() => setSearch({ new: "table" })}
    >
      New table
    </Button>
  );
}

function TableActions({ stripe }: { stripe: boolean }) {
  if (!useMayChange()) return null;
  return (
    <>
      {!stripe && (
        <Button asChild>
          <Link to="/files/$id" params={{ id: "tables.yaml" }}>
            <Columns3 aria-hidden /> Edit columns
          </Link>
        </Button>
      )}
      <NewTableButton />
    </>
  );
}

function Tables({ all, current }: { all: TableShape[]; current: string }) {
  const navigate = useNavigate();
  const chosen = all.find((entry) => entry.name === current);
  const own = all.filter((entry) => !isStripe(entry));
  const stripe = all.filter((entry) => isStripe(entry) && !entry.name.endsWith(SEARCH));
  return (
    <SideList
      label="Tables"
      one="Table"
      groups={[
        { title: "Yours", items: own.map(itemOf) },
        { title: "Stripe", items: stripe.map(itemOf) },
      ]}
      current={current}
      link={(name, attributes) => <Link to="/tables/$table" params={{ table: name }} {...attributes} />}
      onChoose={(name) => void navigate({ to: "/tables/$table", params: { table: name } })}
    >
      {chosen ? (
        <Dated stripe={isStripe(chosen)}>
          <Grid
            key={chosen.name}
            table={chosen}
            searchable={all.some((entry) => entry.name === chosen.name + SEARCH)}
            actions={<TableActions stripe={isStripe(chosen)} />}
          />
        </Dated>
      ) : (
        <>
          <PageHeader title={current} />
          <EmptyState icon={Table2} title={`There is no table “${current}”`}>
            Select a table, or declare it in <code>tables.yaml</code>.
          </EmptyState>
        </>
      )}
    </SideList>
  );
}

/** Stripe's objects have the times of Stripe's clock, rows those of this machine. */
const Dated = ({ stripe, children }: { stripe: boolean; children: ReactNode }) =>
  stripe ? <AtStripe>{children}</AtStripe> : children;

const itemOf = (table: TableShape) => ({
  value: table.name,
  label: table.name.replace(/^stripe\./, ""),
  icon: isStripe(table) ? <Lock aria-hidden /> : <Table2 aria-hidden />,
});
