import type { Diagnostic } from "@/api/editor";
import { CircleAlert, CircleDashed, Info, TriangleAlert, X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { Path } from "@/model/document/path";
import { firstSentence, plain } from "../assist/doc-text";
import { ended, Words } from "@/ui/basics/words";
import { useFindings } from "./changes";

export interface RowProps {
  name: string;
  path: Path;
  doc?: string | undefined;
  required?: boolean | undefined;
  type?: string | undefined;
  problem?: string | null | undefined;
  /** It must be filled in and is empty. */
  todo?: string | undefined;
  /** A control right behind the name. */
  beside?: ReactNode;
  /** Controls at the right of the name: the switch between value and expression. */
  aside?: ReactNode;
  onRemove?: (() => void) | undefined;
  /** Findings of everything in it, not only about itself. */
  below?: boolean | undefined;
  /** The control is a group of its own rows. */
  group?: boolean | undefined;
  /** The name is for screen readers only: it is visible beside the row already. */
  hideName?: boolean | undefined;
  children: (ids: { id: string; labelledBy: string; describedBy: string; invalid: boolean }) => ReactNode;
}

/** One named value of a form: its name, how it is written, what it means, what is wrong with it. */
export function Row({
  name,
  path,
  doc,
  required,
  type,
  problem,
  todo,
  beside,
  aside,
  onRemove,
  below,
  group,
  hideName,
  children,
}: RowProps) {
  const id = useId();
  const findings = useFindings(path, below ?? !group);
  const invalid = Boolean(problem) || findings.some((finding) => finding.severity === "error");
  const labelledBy = `${id}-name`;
  const describedBy = `${id}-notes`;
  const words = <span className={hideName ? "hidden-text" : "form-name mono"}>{name}</span>;
  return (
    <div
      className={["form-row", group && "form-row-group", hideName && "form-row-bare"].filter(Boolean).join(" ")}
      role={group ? "group" : undefined}
      aria-labelledby={group ? labelledBy : undefined}
      data-path={JSON.stringify(path)}
    >
      <div className="form-label">
        <span className="form-label-text">
          {group ? (
            <span id={labelledBy}>{words}</span>
          ) : (
            <label id={labelledBy} htmlFor={id}>
              {words}
            </label>
          )}
          {required ? <span className="form-required">required</span> : null}
          {type && !hideName ? <span className="form-type">{type}</span> : null}
        </span>
        {beside}
        <span className="form-aside">
          {aside}
          {onRemove ? <RemoveButton name={name} onRemove={onRemove} /> : null}
        </span>
      </div>
      {children({ id, labelledBy, describedBy, invalid })}
      <div id={describedBy} className="form-notes">
        <Notes problem={problem} todo={todo} doc={doc} findings={findings} />
      </div>
    </div>
  );
}

function Notes({
  problem,
  todo,
  doc,
  findings,
}: Pick<RowProps, "problem" | "todo" | "doc"> & { findings: Diagnostic[] }) {
  return (
    <>
      {problem ? (
        <p className="form-note form-note-error">
          <CircleAlert size={13} aria-hidden /> <span>{problem}</span>
        </p>
      ) : null}
      {todo && findings.length === 0 ? (
        <p className="form-note form-note-todo">
          <CircleDashed size={13} aria-hidden /> <span>{todo}</span>
        </p>
      ) : null}
      {findings.map((finding, at) => (
        <Finding key={at} finding={finding} />
      ))}
      {doc ? <Doc text={doc} /> : null}
    </>
  );
}

function RemoveButton({ name, onRemove }: { name: string; onRemove: () => void }) {
  return (
    <button
      type="button"
      className="form-icon"
      aria-label={`Remove ${name}`}
      title={`Remove ${name}`}
      onClick={onRemove}
    >
      <X size={14} aria-hidden />
    </button>
  );
}

const ICONS = { error: CircleAlert, warning: TriangleAlert, advice: Info };

export function Finding({ finding }: { finding: Diagnostic }) {
  const Icon = ICONS[finding.severity];
  return (
    <p className={`form-note form-note-${finding.severity}`}>
      <Icon size={13} aria-hidden />
      <span>
        <span className="hidden-text">{finding.severity}: </span>
        <Words text={finding.hint ? ended(finding.message) : finding.message} />
        {finding.hint ? (
          <span className="form-hint">
            {" "}
            <Words text={finding.hint} />
          </span>
        ) : null}
      </span>
    </p>
  );
}

const SHORT = 150;

/** Documentation: its first sentence, the rest when asked for. */
export function Doc({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const words = plain(text);
  const sentence = firstSentence(text);
  const short = sentence.length > SHORT ? `${sentence.slice(0, SHORT).replace(/\s+\S*$/, "")} …` : sentence;
  return (
    <p className="form-doc">
      {whole ? words : short}
      {short !== words.replace(/\s+/g, " ") ? (
        <button type="button" className="form-more" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? "less" : "more"}
        </button>
      ) : null}
    </p>
  );
}
