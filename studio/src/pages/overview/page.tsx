/** The first page: what needs you, then what happened. */
import { Link, useNavigate } from "@tanstack/react-router";
import {
  CircleCheck,
  BellRing,
  CirclePause,
  CircleX,
  Hourglass,
  Mail,
  ShieldAlert,
  ShoppingCart,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import { useOverview, type Overview, type Payment } from "@/api/overview";
import { useMe } from "@/api/session";
import {
  Button,
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
  Words,
  type Column,
} from "@/ui";
import { Approval } from "@/components/approval";
import { isFresh } from "./fresh";
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
          <Fresh shop={me.site_url} />
        ) : (
          <Content overview={overview.data} />
        ))}
    </PageBody>
  );
}

function Fresh({ shop }: { shop: string }) {
  return (
    <EmptyState
      icon={ShoppingCart}
      title="Ready for the first payment"
      command="payloom emulator trigger payment_intent.succeeded"
      action={
        <Button kind="primary" asChild>
          <a href={shop} target="_blank" rel="noreferrer">
            Open the site
          </a>
        </Button>
      }
    >
      <ol className="first-steps">
        <li>
          Pay on your site with the card 4242 4242 4242 4242, any future date, any CVC, and any ZIP code. The payment appears here.
        </li>
        <li>
          Follow it: its <Link to="/runs">runs</Link>, its <Link to="/events">events</Link>, and what was sent under{" "}
          <Link to="/mail">Email</Link>.
        </li>
        <li>
          Change what happens under <Link to="/workflows">Workflows</Link>.
        </li>
      </ol>
      The local Stripe can also make a payment:
    </EmptyState>
  );
}

function Content({ overview }: { overview: Overview }) {
  const day = overview.last_24h;
  return (
    <>
      <Needs overview={overview} />
      <Section title="Last 24 hours">
        <dl className="tiles">
          <Tile to="/journey" name="Payments" value={day.payments} />
          <Tile to="/runs" name="Runs" value={day.runs} note={day.failed > 0 ? `${day.failed} failed` : undefined} />
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
}: {
  to: "/journey" | "/runs" | "/events" | "/mail";
  name: string;
  value: number;
  note?: string | undefined;
}) {
  return (
    <div className="tile">
      <dt>
        <Link to={to}>{name}</Link>
      </dt>
      <dd className="num">{value.toLocaleString("en-US")}</dd>
      {note && <dd className="tile-note">{note}</dd>}
    </div>
  );
}

function Needs({ overview }: { overview: Overview }) {
  const {
    failed_runs: failed,
    parked_runs: parked,
    blocked_runs: blocked,
    undelivered_mails: mails,
    rejected,
    approvals,
    alerts,
  } = overview;
  const calm =
    alerts.length + failed.count + parked.count + blocked.count + mails.count + totalOf(rejected) + approvals.length ===
    0;
  return (
    <Section title="Needs attention">
      {calm && (
        <p className="calm">
          <CircleCheck aria-hidden /> All clear: no failed runs and no rejected events.
        </p>
      )}
      {approvals.slice(0, 3).map((approval) => (
        <Approval
          key={approval.run_id + approval.path}
          run={approval.run_id}
          wait={{
            path: approval.path,
            details: { title: approval.title, roles: approval.roles, data: approval.data },
            until: approval.until,
          }}
        />
      ))}
      <ul className="needs">
        <Alerts alerts={alerts} />
        <Failed failed={failed} />
        <Parked parked={parked} />
        <Blocked blocked={blocked} />
        <RejectedWebhooks rejected={rejected} />
        <Mails mails={mails} />
      </ul>
    </Section>
  );
}

/** Alerts that fire: the people in `alerts:` of payloom.yaml know of them. */
function Alerts({ alerts }: { alerts: Overview["alerts"] }) {
  if (alerts.length === 0) return null;
  return (
    <Need icon={BellRing} tone="bad" title={count(alerts.length, "alert")}>
      {alerts.map((alert) => (
        <li key={alert.rule + (alert.machine ?? "")}>
          <strong>{alert.title}</strong>
          <span>
            {alert.text} {alert.steps[0]}
          </span>
          <Time at={alert.since} />
        </li>
      ))}
    </Need>
  );
}

function Failed({ failed }: { failed: Overview["failed_runs"] }) {
  if (failed.count === 0) return null;
  return (
    <Need
      icon={CircleX}
      tone="bad"
      title={count(failed.count, "failed run")}
      link={
        <Link to="/runs" search={{ status: "failed" }}>
          Show all
        </Link>
      }
    >
      {failed.latest.slice(0, 4).map((run) => (
        <li key={run.id}>
          <Link to="/runs/$id" params={{ id: run.id }}>
            <strong>{run.workflow}</strong>
            <span>
              <Words text={run.failure?.message ?? ""} />
            </span>
            <Time at={run.created_at} />
          </Link>
        </li>
      ))}
    </Need>
  );
}

function Parked({ parked }: { parked: Overview["parked_runs"] }) {
  if (parked.count === 0) return null;
  return (
    <Need
      icon={CirclePause}
      tone="warn"
      title={`${count(parked.count, "run")} parked: an event arrived before its row`}
      link={
        <Link to="/runs" search={{ status: "parked" }}>
          Show all
        </Link>
      }
    >
      {parked.latest.slice(0, 3).map((run) => (
        <li key={run.id}>
          <Link to="/runs/$id" params={{ id: run.id }}>
            <strong>{run.workflow}</strong>
            <span>until a row appears in {run.parked_on}</span>
            <Time at={run.created_at} />
          </Link>
        </li>
      ))}
    </Need>
  );
}

function Blocked({ blocked }: { blocked: Overview["blocked_runs"] }) {
  if (blocked.count === 0) return null;
  return (
    <Need
      icon={Hourglass}
      tone="warn"
      title={`${count(blocked.count, "run")} blocked by another run`}
      link={
        <Link to="/runs" search={{ status: "blocked" }}>
          Show all
        </Link>
      }
    />
  );
}

function Mails({ mails }: { mails: Overview["undelivered_mails"] }) {
  if (mails.count === 0) return null;
  return (
    <Need
      icon={Mail}
      tone="bad"
      title={count(mails.count, "undelivered email", "undelivered emails")}
      link={
        <Link to="/mail" search={{ status: "failed" }}>
          Show all
        </Link>
      }
    >
      {mails.latest.slice(0, 3).map((mail) => (
        <li key={mail.id}>
          <Link to="/mail/$id" params={{ id: mail.id }}>
            <strong>{mail.subject}</strong>
            <span>{mail.error ?? mail.status}</span>
            <Time at={mail.created_at} />
          </Link>
        </li>
      ))}
    </Need>
  );
}

function RejectedWebhooks({ rejected }: { rejected: Overview["rejected"] }) {
  const total = totalOf(rejected);
  if (total === 0) return null;
  return (
    <Need
      icon={ShieldAlert}
      tone="bad"
      title={count(total, "rejected webhook")}
      link={
        <Link to="/events" search={{ state: "rejected" }}>
          Why
        </Link>
      }
    >
      {rejected.slice(0, 3).map((rejection) => (
        <li key={rejection.reason}>
          <Link to="/events" search={{ state: "rejected" }}>
            <strong>{rejection.reason.replaceAll("_", " ")}</strong>
            <span>{count(rejection.count, "time")}</span>
            <Time at={rejection.last_at} />
          </Link>
        </li>
      ))}
    </Need>
  );
}

const totalOf = (rejected: Overview["rejected"]): number =>
  rejected.reduce((sum, rejection) => sum + rejection.count, 0);

function Need({
  icon: Icon,
  tone,
  title,
  link,
  children,
}: {
  icon: LucideIcon;
  tone: "bad" | "warn";
  title: string;
  link?: ReactNode;
  children?: ReactNode;
}) {
  return (
    <li className="need">
      <div className={`need-head tone-${tone}`}>
        <Icon aria-hidden />
        <h3>{title}</h3>
        {link}
      </div>
      {children && <ul>{children}</ul>}
    </li>
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
