/** Payments, customers and subscriptions of the local Stripe, newest first. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import {
  fromUnix,
  Badge,
  Button,
  CopyId,
  EmptyState,
  ErrorNote,
  Money,
  Skeleton,
  Status,
  Table,
  Time,
  money,
  type Column,
} from "@/ui";
import { local, type StripeObject } from "./api";

type Kind = Parameters<typeof local.list>[0] | "payments";

function useObjects(kind: Kind) {
  return useInfiniteQuery({
    queryKey: ["local", kind],
    queryFn: ({ pageParam }) => (kind === "payments" ? local.payments(pageParam) : local.list(kind, pageParam)),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.has_more ? last.data.at(-1)?.id : undefined),
    refetchInterval: 5000,
  });
}

function Objects({
  kind,
  label,
  columns,
  empty,
}: {
  kind: Kind;
  label: string;
  columns: Column<StripeObject>[];
  empty: string;
}) {
  const navigate = useNavigate();
  const objects = useObjects(kind);
  if (objects.isPending) return <Skeleton />;
  if (objects.isError) return <ErrorNote error={objects.error} retry={() => void objects.refetch()} />;
  const rows = objects.data.pages.flatMap((page) => page.data);
  if (rows.length === 0) return <EmptyState title={`No ${label.toLowerCase()} yet`}>{empty}</EmptyState>;
  return (
    <>
      <Table
        label={label}
        columns={columns}
        rows={rows}
        idOf={(row) => row.id}
        onOpen={(row) => void navigate({ to: "/journey/$id", params: { id: row.id } })}
        compact
      />
      {objects.hasNextPage && (
        <Button kind="quiet" busy={objects.isFetchingNextPage} onClick={() => void objects.fetchNextPage()}>
          Older
        </Button>
      )}
    </>
  );
}

const id: Column<StripeObject> = { id: "id", header: "Id", width: "250px", cell: (row) => <CopyId id={row.id} /> };
const created: Column<StripeObject> = {
  id: "created",
  header: "Created",
  width: "110px",
  align: "right",
  cell: (row) => <Time at={fromUnix(row.created)} />,
};
const customer: Column<StripeObject> = {
  id: "customer",
  header: "Customer",
  minor: true,
  cell: (row) => (row.customer ? <code>{row.customer}</code> : <span className="faint">none</span>),
};

export const Payments = () => (
  <Objects
    kind="payments"
    label="Payments"
    empty="Pay on your site, or trigger payment_intent.succeeded above."
    columns={[
      {
        id: "amount",
        header: "Amount",
        width: "110px",
        align: "right",
        cell: (row) => <Money amount={row.amount} currency={row.currency} />,
      },
      { id: "status", header: "Status", width: "210px", cell: (row) => <Status status={row.status ?? "unknown"} /> },
      id,
      customer,
      {
        id: "problem",
        header: "Last error",
        minor: true,
        cell: (row) => row.last_payment_error?.message ?? <span className="faint">–</span>,
      },
      created,
    ]}
  />
);

export const Customers = () => (
  <Objects
    kind="customers"
    label="Customers"
    empty="Your workflows and Checkout create customers. Or trigger customer.created above."
    columns={[
      { id: "email", header: "Email", cell: (row) => row.email ?? <span className="faint">none</span> },
      { id: "name", header: "Name", minor: true, cell: (row) => row.name ?? <span className="faint">–</span> },
      id,
      {
        id: "state",
        header: "State",
        width: "130px",
        minor: true,
        cell: (row) =>
          row.delinquent ? <Status status="past_due" /> : <Status status="ok" word="Good standing" quiet />,
      },
      created,
    ]}
  />
);

export const Subscriptions = () => (
  <Objects
    kind="subscriptions"
    label="Subscriptions"
    empty="Subscribe on your site, or trigger customer.subscription.created above. Then move the clock forward."
    columns={[
      { id: "status", header: "Status", width: "140px", cell: (row) => <Status status={row.status ?? "unknown"} /> },
      { id: "price", header: "Price", width: "150px", cell: (row) => priceOf(row) },
      id,
      customer,
      {
        id: "renews",
        header: "Period ends",
        width: "160px",
        cell: (row) => {
          const end = row.items?.data[0]?.current_period_end;
          return (
            <>
              {end ? <Time at={fromUnix(end)} /> : <span className="faint">–</span>}{" "}
              {row.cancel_at_period_end && <Badge>then canceled</Badge>}
            </>
          );
        },
      },
      created,
    ]}
  />
);

function priceOf(object: StripeObject): string {
  const item = object.items?.data[0];
  if (!item || item.price.unit_amount === null) return "–";
  const interval = item.price.recurring ? ` / ${item.price.recurring.interval}` : "";
  return money(item.price.unit_amount * (item.quantity ?? 1), item.price.currency) + interval;
}
