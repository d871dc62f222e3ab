/** A difference of two texts: what it means, and its lines. */
import type { Diff } from "@/api/editor";
import { Minus, MoveVertical, PenLine, Plus } from "lucide-react";

const MARKS = { added: Plus, removed: Minus, changed: PenLine, moved: MoveVertical } as const;

export function Changes({ diff }: { diff: Pick<Diff, "changes" | "why_not"> }) {
  if (diff.changes === null) return <p className="faint">{diff.why_not ?? "The change in meaning is unknown."}</p>;
  if (diff.changes.length === 0) return <p className="soft">No change in meaning: only comments or layout differ.</p>;
  return (
    <ul className="changes" aria-label="What it means">
      {diff.changes.map((change, at) => {
        const Mark = MARKS[change.kind];
        return (
          <li key={at} className={`change change-${change.kind}`}>
            <Mark aria-hidden />
            <span>{change.text}</span>
          </li>
        );
      })}
    </ul>
  );
}

export function UnifiedDiff({ text }: { text: string }) {
  const lines = text.split("\n").filter((line, at, all) => !(line === "" && at === all.length - 1));
  return (
    <pre className="unified" tabIndex={0} aria-label="Difference in lines">
      {lines.map((line, at) => (
        <span key={at} className={kindOf(line)}>
          {line}
          {"\n"}
        </span>
      ))}
    </pre>
  );
}

function kindOf(line: string): string {
  if (line.startsWith("+++") || line.startsWith("---")) return "unified-file";
  if (line.startsWith("@@")) return "unified-place";
  if (line.startsWith("+")) return "unified-in";
  if (line.startsWith("-")) return "unified-out";
  return "unified-same";
}
