import { CopyButton } from "./text";
import "./code.css";

/** Text in mono as it is, with a copy button. */
export function Code({
  text,
  label = "Code",
  wrap,
  language,
}: {
  text: string;
  label?: string;
  wrap?: boolean;
  language?: "diff";
}) {
  return (
    <div className="code">
      <span className="json-copy">
        <CopyButton text={text} label={`Copy ${label}`} />
      </span>
      {/* A region that scrolls must be reachable with the keyboard. */}
      <pre className={wrap ? "code-wrap" : undefined} tabIndex={0} aria-label={label} role="region">
        {language === "diff" ? text.split("\n").map((line, index) => <DiffLine key={index} line={line} />) : text}
      </pre>
    </div>
  );
}

function DiffLine({ line }: { line: string }) {
  const kind = /^(\+\+\+|---)/.test(line)
    ? "head"
    : line.startsWith("+")
      ? "plus"
      : line.startsWith("-")
        ? "minus"
        : line.startsWith("@@")
          ? "place"
          : "same";
  return <span className={`diff-${kind}`}>{`${line}\n`}</span>;
}
