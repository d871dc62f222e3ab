/** One event: how it came in, what it changed, what was made of it. */
import { Words } from "@/ui/basics/words";
import { asText } from "@/model/document/text";
import { Link } from "@tanstack/react-router";
import { RotateCcw, Terminal } from "lucide-react";
import { useState } from "react";
import { useSearchParams } from "@/browser/search-params";
import { useEvent, type EventDetail } from "@/api/events";
import { useMay, useMe } from "@/api/session";
import { changesOf, type Change } from "@/model/editing/changes";
import { manage } from "@/model/runs/curl";
import {
  Badge,
  Button,
  copy,
  CopyId,
  Dialog,
  EmptyState,
  ErrorNote,
  Facts,
  fromUnix,
  JsonView,
  Skeleton,
  Status,
  Table,
  Tabs,
  Time,
  toast,
} from "@/ui";
import { ConfirmBulk } from "@/components/bulk/confirm";
import { columns, statusOf } from "@/components/run-columns";
import { useNavigate } from "@tanstack/react-router";

export function EventSheet({ id, close }: { id: string; close: () => void }) {
  const event = useEvent(id);
  const [asking, setAsking] = useState(false);
  const [, setSearch] = useSearchParams();
  const may = useMay("support");
  const site = useMe().data?.site_url ?? window.location.origin;
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && close()}
      side
      size="l"
      title={event.data?.type ?? "Event"}
      description={<CopyId id={id} />}
      footer={
        <>
          <Button
            icon={<Terminal aria-hidden />}
            onClick={() =>
              void copy(manage(site, "POST", `/events/${id}/replay`)).then(() => toast({ title: "Copied as cURL" }))
            }
          >
            Copy as cURL
          </Button>
          {may && (
            <Button kind="primary" icon={<RotateCcw aria-hidden />} onClick={() => setAsking(true)}>
              Replay…
            </Button>
          )}
        </>
      }
    >
      {event.error && <ErrorNote error={event.error} retry={() => void event.refetch()} />}
      {!event.data && !event.error && <Skeleton />}
      {event.data && <Content event={event.data} />}
      {asking && (
        <ConfirmBulk
          question={{ kind: "replay", ids: [id] }}
          close={() => setAsking(false)}
          onStarted={(bulk) => setSearch({ bulk })}
        />
      )}
    </Dialog>
  );
}

function Content({ event }: { event: EventDetail }) {
  const [search, setSearch] = useSearchParams();
  const changes = changesOf(
    event.previous_attributes,
    (event.payload["data"] as { object?: unknown } | undefined)?.object,
  );
  const tabs = [
    ...(changes.length > 0
      ? [{ id: "changes", label: "Changes", count: changes.length, content: <Changes changes={changes} /> }]
      : []),
    { id: "payload", label: "Payload", content: <JsonView value={event.payload} label="Payload" open={3} /> },
    { id: "runs", label: "Runs", count: event.runs.length, content: <Runs event={event} /> },
    { id: "why", label: "Why", content: <Why event={event} /> },
  ];
  const lane = event.runs.map((run) => run.lane).find(Boolean);
  return (
    <>
      <SetAside event={event} />
      <Facts
        facts={[
          ["State", <Status status={event.state} quiet key="state" />],
          ["Signature", <Signature key="signature" verified={event.signature === "verified"} />],
          ["Object", event.object_id ? <ObjectLink key="object" id={event.object_id} /> : null],
          ["Created", <Created key="created" event={event} />],
          [
            "Received",
            <span key="received">
              <Time at={event.received_at} exact /> by {event.source === "catch_up" ? "catch-up" : "webhook"}
            </span>,
          ],
          [
            "Deliveries",
            <span key="deliveries" className="num">
              {event.deliveries}
              {event.deliveries > 1 && <span className="faint"> (stored once)</span>}
            </span>,
          ],
          ["Lane", lane ? <code key="lane">{lane}</code> : null],
          [
            "Mode",
            <span key="mode">
              <Badge tone={event.livemode ? "warn" : "neutral"}>{event.livemode ? "Live" : "Test"}</Badge>{" "}
              {event.api_version && <code className="faint">{event.api_version}</code>}
            </span>,
          ],
          ["Account", event.account ? <CopyId id={event.account} key="account" /> : null],
        ]}
      />
      <Tabs
        label="Event"
        tabs={tabs}
        value={search["tab"] ?? (changes.length > 0 ? "changes" : "payload")}
        onChange={(tab) => setSearch({ tab })}
      />
    </>
  );
}

/** Clocks that differ by less are the same: the server's timeline says so too. */
const MOVED = 60_000;

/** When Stripe made it, and whose calendar that is once the local Stripe's clock was moved. */
function Created({ event }: { event: EventDetail }) {
  const moved = event.created * 1000 - Date.parse(event.received_at) > MOVED;
  return (
    <span>
      <Time at={fromUnix(event.created)} exact />
      {moved && <span className="faint"> by the local Stripe's clock, which was moved</span>}
    </span>
  );
}

const Signature = ({ verified }: { verified: boolean }) =>
  verified ? <Status status="verified" quiet /> : <span>Not needed: fetched from Stripe</span>;

const ObjectLink = ({ id }: { id: string }) => (
  <span className="event-object">
    <Link to="/journey/$id" params={{ id }} className="link">
      <code>{id}</code>
    </Link>
  </span>
);

const shownText = (value: unknown): string => asText(value ?? null);

function Changes({ changes }: { changes: Change[] }) {
  return (
    <ul className="changes" aria-label="What changed">
      {changes.map((change) => (
        <li key={change.path}>
          <code className="change-path">{change.path}</code>
          <del>
            <span className="hidden-text">was </span>
            {shownText(change.before)}
          </del>
          <ins>
            <span className="hidden-text">is </span>
            {shownText(change.after)}
          </ins>
        </li>
      ))}
    </ul>
  );
}

/** Why nobody asked for it, and what to do. */
const SetAside = ({ event }: { event: EventDetail }) =>
  event.set_aside && (
    <p className="set-aside" role="note">
      <Words text={`${event.set_aside.message} ${event.set_aside.hint}`} />
    </p>
  );

/** Of each workflow, what came of the event, and why; those of other types come last. */
function Why({ event }: { event: EventDetail }) {
  const near = event.explanations.filter((explanation) => !["type", "no_trigger"].includes(explanation.reason));
  const far = event.explanations.length - near.length;
  return (
    <ul className="whys" aria-label="What came of it in each workflow">
      {near.map((explanation) => (
        <li key={explanation.workflow}>
          <code>{explanation.workflow}</code>: <Words text={explanation.message} />
          {explanation.run && (
            <>
              {" "}
              <Link to="/runs/$id" params={{ id: explanation.run }} className="link">
                <code>{explanation.run}</code>
              </Link>
            </>
          )}
          {Object.entries(explanation.values).map(([path, value]) => (
            <div key={path} className="faint">
              <code>
                {path} = {shownText(value)}
              </code>
            </div>
          ))}
        </li>
      ))}
      {far > 0 && (
        <li className="faint">
          {far} {far === 1 ? "workflow takes" : "workflows take"} no events of this type.
        </li>
      )}
    </ul>
  );
}

function Runs({ event }: { event: EventDetail }) {
  const navigate = useNavigate();
  if (event.runs.length === 0) {
    return (
      <EmptyState title="No workflow matched this event">
        A workflow with <code>stripe: {event.type.split(".").slice(0, -1).join(".")}</code> as its trigger would get it;
        resend it then.
      </EmptyState>
    );
  }
  return (
    <Table
      label="Runs of this event"
      compact
      columns={columns.filter((column) => ["status", "workflow", "took", "created"].includes(column.id))}
      rows={event.runs}
      idOf={(run) => run.id}
      nameOf={statusOf}
      onOpen={(run) => void navigate({ to: "/runs/$id", params: { id: run.id } })}
    />
  );
}
