import type { Diagnostic } from "@/api/editor";
import { CircleAlert, CircleCheck, Info, TriangleAlert } from "lucide-react";
import { useMemo } from "react";
import { Button } from "@/ui";
import { Words } from "@/ui/basics/words";
import { subjectOf } from "../form-model/steps";
import { useEditor } from "../document/store";
import { fixOf } from "./fix";
import { showRule } from "./rule-help";
import "./problems.css";

const LOOKS = {
  error: { Icon: CircleAlert, word: "Error" },
  warning: { Icon: TriangleAlert, word: "Warning" },
  advice: { Icon: Info, word: "Advice" },
} as const;
const ORDER = ["error", "warning", "advice"];

/** What the checker finds, the gravest first; a click goes there, a button does what it suggests. */
export function Problems() {
  const check = useEditor((state) => state.check);
  const checked = useEditor((state) => state.checked);
  const text = useEditor((state) => state.text);
  const readOnly = useEditor((state) => state.readOnly);
  const diagnostics = useMemo(
    () =>
      [...(check?.diagnostics ?? [])].sort(
        (finding, other) =>
          ORDER.indexOf(finding.severity) - ORDER.indexOf(other.severity) || finding.start.offset - other.start.offset,
      ),
    [check],
  );
  if (check === null)
    return (
      <p className="problems-none soft" role="status">
        Checking …
      </p>
    );
  if (diagnostics.length === 0) {
    return (
      <p className="problems-none">
        <CircleCheck size={16} aria-hidden className="problems-good" /> No problems. It can be published as it is.
      </p>
    );
  }
  return (
    <ul className="problems" aria-busy={!checked}>
      {diagnostics.map((finding, at) => (
        <Problem
          key={`${finding.code} ${finding.start.offset} ${at}`}
          finding={finding}
          text={text}
          fixable={checked && readOnly === null}
        />
      ))}
    </ul>
  );
}

function Problem({ finding, text, fixable }: { finding: Diagnostic; text: string; fixable: boolean }) {
  const { Icon, word } = LOOKS[finding.severity];
  const fix = fixable ? fixOf(finding, text) : null;
  return (
    <li className={`problem problem-${finding.severity}`}>
      <button type="button" className="problem-go" onClick={() => goTo(finding)}>
        <Icon size={15} aria-hidden />
        <span className="problem-text">
          <span className="problem-message">
            <span className="hidden-text">{word}: </span>
            <Words text={finding.message} />
          </span>
          {finding.hint ? (
            <span className="problem-hint">
              <Words text={finding.hint} />
            </span>
          ) : null}
          <span className="problem-place num">
            {word} {finding.code} · line {finding.start.line}
          </span>
        </span>
      </button>
      <span className="problem-buttons">
        {fix ? (
          <Button
            size="s"
            onClick={() => useEditor.getState().setText(text.slice(0, fix.from) + fix.insert + text.slice(fix.to))}
          >
            {fix.label}
          </Button>
        ) : null}
        <button type="button" className="problem-about" onClick={() => showRule(finding.code)}>
          About {finding.code}
        </button>
      </span>
    </li>
  );
}

/** Select the step it is about; text and canvas follow the selection. */
function goTo(finding: Diagnostic): void {
  const { lastParsed, select } = useEditor.getState();
  const subject = subjectOf(lastParsed?.data, finding.path);
  const path = subject.kind === "workflow" ? (finding.path.length > 0 ? finding.path : null) : subject.path;
  // Twice, so that a place that is selected already is scrolled to again.
  select(null);
  select(path);
}
