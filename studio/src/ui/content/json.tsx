/** JSON as a tree that folds, with types coloured, long strings cut and a copy button. */
import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { CopyButton } from "./text";
import "./json.css";

export function JsonView({ value, open = 2, label = "JSON" }: { value: unknown; open?: number; label?: string }) {
  return (
    <div className="json" role="group" aria-label={label}>
      <span className="json-copy">
        <CopyButton
          text={() => (typeof value === "string" ? value : JSON.stringify(value, null, 2))}
          label={`Copy ${label}`}
        />
      </span>
      <Value value={value} depth={0} open={open} />
    </div>
  );
}

function Value({ name, value, depth, open }: { name?: string; value: unknown; depth: number; open: number }) {
  const key = name === undefined ? null : <span className="json-key">{name}: </span>;
  if (value !== null && typeof value === "object") return <Branch name={key} value={value} depth={depth} open={open} />;
  return (
    <div className="json-line">
      {key}
      <Leaf value={value} />
    </div>
  );
}

function Branch({ name, value, depth, open }: { name: React.ReactNode; value: object; depth: number; open: number }) {
  const [expanded, setShown] = useState(depth < open);
  const list = Array.isArray(value);
  const entries: [string, unknown][] = list
    ? value.map((item: unknown, index) => [String(index), item])
    : Object.entries(value);
  const [openBracket, closeBracket] = list ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) {
    return (
      <div className="json-line">
        {name}
        <span className="json-mark">
          {openBracket}
          {closeBracket}
        </span>
      </div>
    );
  }
  return (
    <div className="json-branch">
      <button type="button" className="json-fold" aria-expanded={expanded} onClick={() => setShown(!expanded)}>
        <ChevronRight aria-hidden />
        {name}
        <span className="json-mark">
          {openBracket}
          {!expanded && ` ${entries.length} ${closeBracket}`}
        </span>
      </button>
      {expanded && (
        <>
          <div className="json-inside">
            {entries.slice(0, 500).map(([key, item]) => (
              <Value key={key} name={key} value={item} depth={depth + 1} open={open} />
            ))}
            {entries.length > 500 && (
              <div className="json-line faint">… and {entries.length - 500} more; copy to see all</div>
            )}
          </div>
          <div className="json-line json-mark">{closeBracket}</div>
        </>
      )}
    </div>
  );
}

const LONG = 400;

function Leaf({ value }: { value: unknown }) {
  const [whole, setWhole] = useState(false);
  if (typeof value === "string") {
    const cut = !whole && value.length > LONG;
    return (
      <>
        <span className="json-string">"{cut ? value.slice(0, LONG) : value}"</span>
        {cut && (
          <button type="button" className="json-more" onClick={() => setWhole(true)}>
            … {value.length - LONG} more
          </button>
        )}
      </>
    );
  }
  if (value === null || value === undefined) return <span className="json-null">null</span>;
  return <span className={typeof value === "number" ? "json-number" : "json-boolean"}>{JSON.stringify(value)}</span>;
}
