/** What the conditions of a run decided, and by which values; above all the one that ended it. */
import { Link } from "@tanstack/react-router";
import { Filter } from "lucide-react";
import type { RunDetail } from "@/api/runs";
import { Badge, EmptyState, type Tone, Words } from "@/ui";
import type { Document } from "../document";
import { Note } from "../note";

type Decision = RunDetail["decisions"][number];

const TONES: Record<string, Tone> = { true: "good", false: "neutral", stop: "warn", raise: "bad" };

/** The condition as it is written, with the values it read. */
function Condition({ decision, document, run }: { decision: Decision; document: Document; run: RunDetail }) {
  return (
    <>
      <p className="decision-line">
        <code className="decision-kind">{decision.kind}</code> <code>{decision.expression}</code>{" "}
        <Badge tone={TONES[decision.result] ?? "info"}>{decision.result}</Badge>
        {decision.ended_run && <Badge tone="warn">ended the run</Badge>}
      </p>
      {Object.entries(decision.values).map(([path, value]) => (
        <p key={path} className="faint decision-value">
          <code>
            {path} = {JSON.stringify(value ?? null)}
          </code>
        </p>
      ))}
      <p className="faint">
        <Link
          to="/workflows/$id"
          params={{ id: run.workflow }}
          search={{ ...document.editorSearch(decision.path), view: "split" }}
          className="link"
        >
          {decision.where ?? document.place(decision.path) ?? `Step ${decision.path || "of the trigger"}`}
        </Link>
      </p>
    </>
  );
}

export function Decisions({ run, document }: { run: RunDetail; document: Document }) {
  if (run.decisions.length === 0)
    return (
      <EmptyState title={run.decisions_unknown ? "Its decisions can't be shown" : "Nothing was decided"}>
        {run.decisions_unknown ? (
          <Words text={`${run.decisions_unknown}.`} />
        ) : (
          "No condition of this run was evaluated: no filter, if, or switch."
        )}
      </EmptyState>
    );
  return (
    <ol className="decisions" aria-label="Decisions of the run">
      {run.decisions.map((decision, index) => (
        <li key={index} data-ended={decision.ended_run || undefined}>
          <Condition decision={decision} document={document} run={run} />
        </li>
      ))}
    </ol>
  );
}

/** Which filter ended a run that was skipped, at the top of its page. */
export function Skipped({ run, document }: { run: RunDetail; document: Document }) {
  const last = run.decisions.find((decision) => decision.ended_run);
  return (
    <Note icon={<Filter aria-hidden />} title="A condition ended this run: that isn't a failure">
      {last ? (
        <Condition decision={last} document={document} run={run} />
      ) : (
        run.decisions_unknown && <Words text={`Which one can't be shown: ${run.decisions_unknown}.`} />
      )}
    </Note>
  );
}
