/** Files whose errors keep them from being published, and tables that wait for a migration: on every page. */
import { useQuery } from "@tanstack/react-query";
import { Link, useLocation } from "@tanstack/react-router";
import { FileWarning } from "lucide-react";
import { client, take } from "@/api/client";
import type { components } from "@/api/schema";
import { count } from "@/ui/format/format";
import { sentences, unmarked, Words } from "@/ui/basics/words";

type Finding = components["schemas"]["DiagnosticView"];

const TABLES = "tables.yaml";
/** Files that are named; of the others only the number is shown. */
const NAMED = 3;

/** `workflows/refund.yaml` is the workflow `refund`; null for other files. */
const workflowOf = (file: string): string | null => /^workflows\/(.+)\.yaml$/.exec(file)?.[1] ?? null;

export function ProjectNote() {
  const path = useLocation({ select: (location) => location.pathname });
  const findings = useQuery({
    queryKey: ["problems"],
    queryFn: ({ signal }) => take(client.GET("/workflows", { signal })),
    select: ({ diagnostics }) => diagnostics,
  }).data;
  const tables = findings?.find((finding) => finding.file === TABLES);
  const errors = new Map<string, Finding>();
  for (const finding of findings ?? [])
    // The editor shows the errors of its own file.
    if (
      finding.severity === "error" &&
      finding.file !== TABLES &&
      !path.endsWith(`/workflows/${workflowOf(finding.file) ?? ""}`) &&
      !errors.has(finding.file)
    )
      errors.set(finding.file, finding);
  if (errors.size === 0 && tables === undefined) return null;
  return (
    <div className="project-note" role="status">
      <FileWarning aria-hidden />
      <div>
        {errors.size > 0 && <Unpublished errors={[...errors.values()]} />}
        {tables && (
          <p>
            The server doesn't use <code>{TABLES}</code> as it is now. Line {tables.line}:{" "}
            <Words text={sentences(tables.message, tables.hint)} />
          </p>
        )}
      </div>
    </div>
  );
}

function Unpublished({ errors }: { errors: Finding[] }) {
  return (
    <p>
      {count(errors.length, "file")} with errors {errors.length === 1 ? "isn't" : "aren't"} published; what was
      published before stays in use:{" "}
      {errors.slice(0, NAMED).map((finding, at) => (
        <span key={finding.file}>
          {at > 0 && ", "}
          <File finding={finding} />
        </span>
      ))}
      {errors.length > NAMED && ` and ${errors.length - NAMED} more`}
    </p>
  );
}

function File({ finding }: { finding: Finding }) {
  const workflow = workflowOf(finding.file);
  const words = (
    <code title={unmarked(finding.message)}>
      {finding.file}:{finding.line}
    </code>
  );
  if (workflow === null) return words;
  return (
    <Link to="/workflows/$id" params={{ id: workflow }} search={{ panel: "problems" }} className="link">
      {words}
    </Link>
  );
}
