/** Everything related to one ID, on one timeline; each entry links to its page. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { ArrowLeft, ChevronRight, SearchX } from "lucide-react";
import { useMemo, useState } from "react";
import { client, take } from "@/api/client";
import { StartMenu } from "@/components/start/start-menu";
import { useSearchParams } from "@/browser/search-params";
import { byDay, kindsOf, knownIds } from "@/model/runs/journey";
import {
  CopyId,
  EmptyState,
  ErrorNote,
  JsonView,
  Money,
  PageHeader,
  Skeleton,
  Status,
  exactTime,
  Words,
  zoneOf,
} from "@/ui";
import { lookOfKind } from "./kinds";

const load = (id: string) => take(client.GET("/journey/{any_id}", { params: { path: { any_id: id } } }));
type JourneyEntry = Awaited<ReturnType<typeof load>>["entries"][number];

const Gaps = ({ complete, truncated }: { complete: boolean; truncated: boolean }) => (
  <>
    {!complete && <p className="faint">The index isn't up to date yet: the newest entries might be missing.</p>}
    {truncated && <p className="faint">Some entries aren't shown. Open an entry to see what is related to it.</p>}
  </>
);

const useKnown = (journey: Awaited<ReturnType<typeof load>> | undefined) =>
  useMemo(() => (journey ? knownIds(journey.subject.id, journey.entries) : {}), [journey]);

export function Journey({ id }: { id: string }) {
  const [search, setSearch] = useSearchParams();
  const journey = useQuery({ queryKey: ["journey", id], queryFn: () => load(id) });
  const known = useKnown(journey.data);
  const hidden = new Set((search["hide"] ?? "").split(",").filter(Boolean));
  const back = (
    <Link to="/journey" className="journey-back">
      <ArrowLeft aria-hidden /> Payments
    </Link>
  );
  if (!journey.data) {
    return (
      <>
        <PageHeader title={id} back={back} />
        {journey.isError ? (
          <ErrorNote error={journey.error} retry={() => void journey.refetch()} />
        ) : (
          <Skeleton lines={10} />
        )}
      </>
    );
  }
  const { subject, entries } = journey.data;
  // The newest entry about the object itself has its current state.
  const own = entries.findLast((entry) => entry.id === subject.id || entry.id.endsWith(`/${subject.id}`));
  const toggle = (kind: string) => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    setSearch({ hide: [...next].join(",") || undefined });
  };
  return (
    <>
      <PageHeader
        title={own?.title ?? subject.id}
        name={own?.title ?? subject.id}
        back={back}
        badge={own?.status ? <Status status={own.status} /> : null}
        actions={<StartMenu given={known} />}
      >
        <span className="journey-subject">
          {lookOfKind(subject.kind).word} <CopyId id={subject.id} />
          {own && own.amount !== null && <Money amount={own.amount} currency={own.currency} />}
        </span>
      </PageHeader>
      {entries.length === 0 ? (
        <EmptyState icon={SearchX} title="Nothing is related to this ID">
          Enter the whole ID or email address. Finished runs are deleted after the days set by <code>keep_runs</code>.
        </EmptyState>
      ) : (
        <>
          <Kinds entries={entries} hidden={hidden} onToggle={toggle} />
          <Gaps complete={journey.data.complete} truncated={journey.data.truncated} />
          <Days entries={entries.filter((entry) => !hidden.has(entry.kind))} />
        </>
      )}
    </>
  );
}

interface KindsProps {
  entries: JourneyEntry[];
  hidden: ReadonlySet<string>;
  onToggle: (kind: string) => void;
}

/** What kinds of entries there are, to hide some of them. */
function Kinds({ entries, hidden, onToggle }: KindsProps) {
  return (
    <div className="journey-kinds" role="group" aria-label="What is shown">
      {kindsOf(entries).map(([kind, count]) => {
        const { icon: Icon, word } = lookOfKind(kind);
        return (
          <button
            key={kind}
            type="button"
            className="journey-kind"
            aria-pressed={!hidden.has(kind)}
            onClick={() => onToggle(kind)}
          >
            <Icon aria-hidden />
            {word} <span className="num">{count}</span>
          </button>
        );
      })}
    </div>
  );
}

function Days({ entries }: { entries: JourneyEntry[] }) {
  return (
    <>
      {byDay(entries).map(({ day, entries: ofDay }) => (
        <section key={day} className="journey-day">
          <h2>
            {new Date(day).toLocaleDateString("en-US", {
              weekday: "long",
              day: "numeric",
              month: "long",
              year: "numeric",
            })}{" "}
            <span className="faint journey-zone">· times in {zoneOf(new Date(day))}</span>
          </h2>
          <ol className="journey-line">
            {ofDay.map((entry) => (
              <Moment key={`${entry.kind} ${entry.id} ${entry.at} ${entry.title}`} entry={entry} />
            ))}
          </ol>
        </section>
      ))}
    </>
  );
}

/** The server sends complete addresses; the router adds the studio's base path. */
const inStudio = (href: string) => href.replace(/^\/studio/, "") || "/";

function Moment({ entry }: { entry: JourneyEntry }) {
  const [open, setOpen] = useState(false);
  const { icon: Icon, word } = lookOfKind(entry.kind);
  const details = entry.data !== null && typeof entry.data === "object" && Object.keys(entry.data).length > 0;
  return (
    <li className="journey-entry" data-kind={entry.kind}>
      <span className="journey-dot">
        <Icon aria-hidden />
      </span>
      <div className="journey-what">
        <div className="journey-row">
          <time className="faint num journey-at" dateTime={entry.at} title={exactTime(entry.at)}>
            {new Date(entry.at).toLocaleTimeString("en-US", { hour12: false })}
          </time>
          <span className="hidden-text">{word}: </span>
          {entry.href ? (
            <Link to={inStudio(entry.href)} className="journey-title">
              {entry.title}
            </Link>
          ) : (
            <span className="journey-title">{entry.title}</span>
          )}
          {entry.status && <Status status={entry.status} quiet />}
          {entry.amount !== null && <Money amount={entry.amount} currency={entry.currency} />}
          {details && (
            <button type="button" className="journey-more" aria-expanded={open} onClick={() => setOpen(!open)}>
              <ChevronRight aria-hidden /> Details
            </button>
          )}
          {!entry.title.includes(entry.id.split("/").at(-1) ?? entry.id) && (
            <span className="journey-id">
              <CopyId id={entry.id} />
            </span>
          )}
        </div>
        {entry.note && (
          <p className="journey-note">
            <Words text={entry.note} />
          </p>
        )}
        {entry.stripe_clock && (
          <p className="faint">By the local Stripe's clock, which was moved: {exactTime(entry.stripe_clock, true)}</p>
        )}
        {open && (
          <div className="journey-data">
            <JsonView value={entry.data} label={`${word} ${entry.id}`} />
          </div>
        )}
      </div>
    </li>
  );
}
