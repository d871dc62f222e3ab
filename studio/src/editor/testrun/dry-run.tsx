/** Runs the text on recorded events, and compares the results. */
import { dryRun, type DryRun as DryRunAnswer } from "@/api/editor";
import { History } from "lucide-react";
import { useState } from "react";

import { Badge, Button, ErrorNote, count } from "@/ui";
import { flowOf } from "@/model/graph";
import { useEditor } from "../document/store";

/** How many recorded events the text is tried on. */
const EVENTS = 20;

function DryRunEvent({ entry }: { entry: DryRunAnswer["data"][number] }) {
  const differs = entry.difference.length > 0;
  return (
    <li className="dry-event">
      <span className="dry-type">{entry.type}</span>
      <code className="faint">{entry.event}</code>
      <Badge tone={differs ? "warn" : "neutral"}>
        {differs ? "different" : entry.draft.ended === null ? "not started" : "the same"}
      </Badge>
      {differs && (
        <pre className="unified" tabIndex={0} aria-label={`Differences for ${entry.event}`}>
          {entry.difference.map((line, at) => (
            <span
              key={at}
              className={line.startsWith("+") ? "unified-in" : line.startsWith("-") ? "unified-out" : "unified-place"}
            >
              {line}
              {"\n"}
            </span>
          ))}
        </pre>
      )}
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
            {answer.data.map((entry) => (
              <DryRunEvent key={entry.event} entry={entry} />
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
