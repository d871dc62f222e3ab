/** How the project is doing: every alert there is, what is measured now, and where to look. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { BellOff } from "lucide-react";
import type { ReactNode } from "react";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { useMe } from "@/api/session";
import { Badge, ErrorNote, PageBody, PageHeader, Skeleton, Status, Table, Time, Words, type Column } from "@/ui";
import "./health.css";

type Alert = components["schemas"]["AlertView"];

/** Where more is to be seen, by the name of the alert. */
const PLACES: Record<string, { label: string; link: (label: string) => ReactNode }> = {
  failed_runs: {
    label: "Failed runs",
    link: (label) => (
      <Link to="/runs" search={{ status: "unresolved" }}>
        {label}
      </Link>
    ),
  },
  oldest_waiting: {
    label: "Queued runs",
    link: (label) => (
      <Link to="/runs" search={{ status: "queued" }}>
        {label}
      </Link>
    ),
  },
  in_doubt: {
    label: "Failed runs",
    link: (label) => (
      <Link to="/runs" search={{ status: "unresolved" }}>
        {label}
      </Link>
    ),
  },
  webhook_silence: { label: "Events", link: (label) => <Link to="/events">{label}</Link> },
  rejections: {
    label: "Rejected requests",
    link: (label) => (
      <Link to="/events" search={{ state: "rejected" }}>
        {label}
      </Link>
    ),
  },
  catch_up_drift: { label: "Events", link: (label) => <Link to="/events">{label}</Link> },
  catch_up_late: { label: "Events", link: (label) => <Link to="/events">{label}</Link> },
  set_aside: {
    label: "Events set aside",
    link: (label) => (
      <Link to="/events" search={{ state: "set_aside" }}>
        {label}
      </Link>
    ),
  },
  undelivered_mails: {
    label: "Failed emails",
    link: (label) => (
      <Link to="/mail" search={{ status: "failed" }}>
        {label}
      </Link>
    ),
  },
};

const WORDS = { ok: "OK", over: "Needs attention", none: "Nothing measured" } as const;

const columns: Column<Alert>[] = [
  {
    id: "state",
    header: "State",
    width: "170px",
    cell: (alert) => <State alert={alert} />,
  },
  {
    id: "title",
    header: "Check",
    cell: (alert) => (
      <span className="health-check">
        <strong>{alert.title}</strong>
        <span className="soft">
          <Words text={alert.over ? alert.fires : alert.detail} />
        </span>
        {alert.over && (
          <>
            {alert.detail && <span>{alert.detail}</span>}
            <ol className="health-steps">
              {alert.steps.map((step) => (
                <li key={step}>
                  <Words text={step} />
                </li>
              ))}
            </ol>
          </>
        )}
      </span>
    ),
  },
  { id: "now", header: "Now", width: "150px", align: "right", cell: (alert) => <span>{alert.shown || "–"}</span> },
  {
    id: "limit",
    header: "Alert",
    width: "130px",
    align: "right",
    minor: true,
    cell: (alert) => <span className="soft">{alert.limit}</span>,
  },
  {
    id: "place",
    header: "Look",
    width: "160px",
    cell: (alert) => {
      const place = PLACES[alert.rule];
      return place ? <span className="health-link">{place.link(place.label)}</span> : <span className="faint">–</span>;
    },
  },
];

function State({ alert }: { alert: Alert }) {
  if (alert.value === null) return <Status status="skipped" word={WORDS.none} quiet />;
  if (!alert.over) return <Status status="ok" word={WORDS.ok} quiet />;
  return (
    <span className="health-state">
      <Status status="failed" word={WORDS.over} quiet />
      {alert.since && (
        <span className="faint">
          <Time at={alert.since} />
        </span>
      )}
    </span>
  );
}

export function Page() {
  const me = useMe().data;
  const health = useQuery({
    queryKey: ["alerts"],
    queryFn: ({ signal }) => take(client.GET("/alerts", { signal })),
    refetchInterval: 30_000,
  });
  const all = health.data?.data ?? [];
  const over = all.filter((alert) => alert.over);
  return (
    <PageBody>
      <PageHeader
        title="Health"
        badge={
          health.data &&
          (over.length > 0 ? <Badge tone="bad">{over.length} to look at</Badge> : <Badge tone="good">All clear</Badge>)
        }
      >
        What the alerts measure, now. Payloom {me?.version} · {me?.env}
      </PageHeader>
      {health.error && <ErrorNote error={health.error} retry={() => void health.refetch()} />}
      {!health.data && !health.error && <Skeleton lines={10} />}
      {health.data && <Receivers receivers={health.data.receivers} />}
      {health.data && (
        <Table<Alert>
          label="Health"
          columns={columns}
          rows={[...over, ...all.filter((alert) => !alert.over)]}
          idOf={(row) => row.rule}
        />
      )}
    </PageBody>
  );
}

function Receivers({ receivers }: { receivers: string[] }) {
  if (receivers.length > 0) return <p className="soft">Alerts go to {receivers.join(", ")}.</p>;
  return (
    <p className="health-note" role="note">
      <BellOff aria-hidden />
      <span>
        Alerts have no receiver. Set <code>alerts.email</code> or <code>alerts.url</code> in <code>payloom.yaml</code>.
      </span>
    </p>
  );
}
