/** The first page: what needs you, then what happened. */
import { Link, useNavigate } from "@tanstack/react-router";
import { ShoppingCart } from "lucide-react";
import type { ReactNode } from "react";
import { useOverview, type Overview, type Payment } from "@/api/overview";
import { useMe } from "@/api/session";
import {
  count,
  EmptyState,
  ErrorNote,
  Money,
  PageBody,
  PageHeader,
  Section,
  Skeleton,
  Status,
  Table,
  Time,
  type Column,
} from "@/ui";
import { FirstPayment } from "@/components/first-payment";
import { Hours } from "./hours";
import { isFresh } from "./fresh";
import { Needs } from "./needs";
import { Now } from "./now";
import "./overview.css";

export function Page() {
  const overview = useOverview();
  const me = useMe().data;
  return (
    <PageBody>
      <PageHeader title="Overview" />
      {overview.error && !overview.data && <ErrorNote error={overview.error} retry={() => void overview.refetch()} />}
      {!overview.data && !overview.error && <Skeleton lines={8} />}
      {overview.data &&
        (me?.livemode === false && isFresh(overview.data) ? (
          <Fresh site={me.has_pages} />
        ) : (
          <Content overview={overview.data} />
        ))}
    </PageBody>
  );
}

function Fresh({ site }: { site: boolean }) {
  return (
    <EmptyState icon={ShoppingCart} title="Ready for the first payment" action={<FirstPayment />}>
      <ol className="first-steps">
        <li>
          {site
            ? "Pay on your site with the card 4242 4242 4242 4242, any future date, any CVC, and any ZIP code. The payment appears here."
            : "Make a test payment. It appears here."}
        </li>
        <li>
          Follow it: its <Link to="/runs">runs</Link>, its <Link to="/events">events</Link>, and what was sent under{" "}
          <Link to="/mail">Email</Link>.
        </li>
        <li>
          Change what happens under <Link to="/workflows">Workflows</Link>.
        </li>
      </ol>
    </EmptyState>
  );
}

function Content({ overview }: { overview: Overview }) {
  const { last_24h: day, hours } = overview;
  const declined = hours.reduce((sum, hour) => sum + hour.declined, 0);
  return (
    <>
      <Needs overview={overview} />
      <Section title="Last 24 hours">
        <dl className="tiles">
          <Tile
            to="/journey"
            name="Payments"
            value={day.payments}
            note={declined > 0 ? count(declined, "failed attempt") : undefined}
          >
            <Hours
              good="succeeded"
              bad="failed"
              bars={hours.map((hour) => ({ at: hour.at, good: hour.payments, bad: hour.declined }))}
            />
          </Tile>
          <Tile to="/runs" name="Runs" value={day.runs} note={day.failed > 0 ? `${day.failed} failed` : undefined}>
            <Hours
              good="not failed"
              bad="failed"
              bars={hours.map((hour) => ({ at: hour.at, good: hour.runs - hour.failed, bad: hour.failed }))}
            />
          </Tile>
          <Tile
            to="/events"
            name="Events"
            value={day.events}
            note={
              [
                overview.unhandled.count > 0 &&
                  `${overview.unhandled.count.toLocaleString("en-US")} that no workflow listens to`,
                overview.set_aside.count > 0 && `${overview.set_aside.count.toLocaleString("en-US")} set aside`,
              ]
                .filter(Boolean)
                .join(", ") || undefined
            }
          />
          <Tile to="/mail" name="Emails" value={day.mails} />
        </dl>
      </Section>
      <Now health={overview.health} />
      <Section title="Latest payments">
        <Payments payments={overview.payments} />
      </Section>
    </>
  );
}

function Tile({
  to,
  name,
  value,
  note,
  children,
}: {
  to: "/journey" | "/runs" | "/events" | "/mail";
  name: string;
  value: number;
  note?: string | undefined;
  children?: ReactNode;
}) {
  return (
    <div className="tile">
      <dt>
        <Link to={to}>{name}</Link>
      </dt>
      <dd className="num">{value.toLocaleString("en-US")}</dd>
      {note && <dd className="tile-note">{note}</dd>}
      {children && <dd>{children}</dd>}
    </div>
  );
}

const COLUMNS: Column<Payment>[] = [
  { id: "status", header: "Status", width: "150px", cell: (row) => <Status status={row.status} quiet /> },
  {
    id: "amount",
    header: "Amount",
    width: "110px",
    align: "right",
    cell: (row) => <Money amount={row.amount} currency={row.currency} />,
  },
  { id: "who", header: "Customer", cell: (row) => row.email ?? row.customer ?? <span className="faint">–</span> },
  { id: "what", header: "Payment", minor: true, cell: (row) => row.description ?? <code>{row.id}</code> },
  { id: "at", header: "When", width: "110px", align: "right", cell: (row) => <Time at={row.at} /> },
];

function Payments({ payments }: { payments: Payment[] }) {
  const navigate = useNavigate();
  if (payments.length === 0) return <p className="faint">None yet.</p>;
  return (
    <Table
      label="Latest payments"
      columns={COLUMNS}
      rows={payments}
      idOf={(row) => row.id}
      onOpen={(row) => void navigate({ to: "/journey/$id", params: { id: row.id } })}
    />
  );
}
