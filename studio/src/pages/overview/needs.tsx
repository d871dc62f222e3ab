/** What needs attention, each kind with its latest. */
import { Link } from "@tanstack/react-router";
import {
  CircleCheck,
  BellRing,
  CirclePause,
  CircleX,
  Hourglass,
  Mail,
  ShieldAlert,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import type { Overview } from "@/api/overview";
import { count, Section, Time, Words } from "@/ui";
import { Approval } from "@/components/approval";
import { WorkflowName } from "@/components/workflow-name";

export function Needs({ overview }: { overview: Overview }) {
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
            <strong>
              <WorkflowName id={run.workflow} />
            </strong>
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
            <strong>
              <WorkflowName id={run.workflow} />
            </strong>
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
