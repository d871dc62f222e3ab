/** Runs the text on recorded events, and compares the results. */
import { dryRun, type DryRun as DryRunAnswer } from "@/api/editor";
import { Link } from "@tanstack/react-router";
import { History } from "lucide-react";
import { useState } from "react";

import { Badge, Button, ErrorNote, count } from "@/ui";
import { groupsOf, type DryGroup } from "@/model/runs/dry-run";
import { flowOf } from "@/model/graph/graph";
import { useEditor } from "../document/store";

/** How many recorded events the text is tried on. */
const EVENTS = 20;

function Group({ group, of }: { group: DryGroup<DryRunAnswer["data"][number]>; of: number }) {
  const types = [...new Set(group.events.map(({ type }) => type))].join(", ");
  return (
    <li className="dry-group">
      <p>
        <Badge tone={group.differs ? "warn" : "neutral"}>
          {group.events.length} of {of}
        </Badge>{" "}
        <span className="dry-title">{group.title}</span>
      </p>
      {group.differs && (
        <pre className="unified dry-lines" tabIndex={0} aria-label={`Differences: ${group.title}`}>
          {group.difference.map((line, at) => (
            <span
              key={at}
              className={line.startsWith("+") ? "unified-in" : line.startsWith("-") ? "unified-out" : "unified-place"}
            >
              {line}
            </span>
          ))}
        </pre>
      )}
      <details>
        <summary>{types}</summary>
        <ul>
          {group.events.map(({ event }) => (
            <li key={event}>
              <Link to="/events/$id" params={{ id: event }} className="link">
                <code>{event}</code>
              </Link>
            </li>
          ))}
        </ul>
      </details>
    </li>
  );
}

export function DryRun() {
  const byEvents = useEditor(
    (state) =>
      state.lastParsed !== null && flowOf(state.lastParsed.data).triggers.some((trigger) => trigger.kind === "stripe"),
  );
  const [busy, setBusy] = useState(false);
  const [answer, setAnswer] = useState<DryRunAnswer | null>(null);
  const [error, setError] = useState<unknown>(null);
  if (!byEvents) return null;
  const run = async () => {
    const { id, text } = useEditor.getState();
    setBusy(true);
    setError(null);
    try {
      setAnswer(await dryRun(id, text, EVENTS));
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="dry" aria-label="On recorded events">
      <h3>On recorded events</h3>
      <p className="soft">
        Runs this text on the newest events that it could have handled, without side effects, and compares the results
        with the recorded ones.
      </p>
      <Button icon={<History aria-hidden />} busy={busy} onClick={() => void run()}>
        Compare on recorded events
      </Button>
      {error !== null && <ErrorNote compact error={error} />}
      {answer !== null && answer.data.length === 0 && <p className="soft">No such event has arrived yet.</p>}
      {answer !== null && answer.data.length > 0 && (
        <>
          <p role="status">
            {answer.changed === 0
              ? `${count(answer.data.length, "event")}: nothing would be different.`
              : `${answer.changed} of ${count(answer.data.length, "event")} would have a different result.`}
          </p>
          <ul className="dry-events">
            {groupsOf(answer.data).map((group) => (
              <Group key={group.events[0]?.event} group={group} of={answer.data.length} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
