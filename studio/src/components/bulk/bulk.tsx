/** Bulk actions on a list: the bar of what is selected, the question, and the progress. */
import { useState } from "react";
import { MOST_ITEMS, type BulkKind } from "@/api/bulk";
import { useMe, type Me } from "@/api/session";
import { useSearchParams } from "@/browser/search-params";
import { Button, count } from "@/ui";
import { ConfirmBulk, type Question } from "./confirm";
import { BulkProgress } from "./progress";
import { BULK, itemsOf } from "./words";
import "./bulk.css";

export interface BulkOffer {
  kind: BulkKind;
  /** The selected items that it fits. */
  ids: string[];
}

const RANK: Record<Me["role"], number> = { viewer: 0, support: 1, editor: 2, admin: 3 };

interface BulkProps {
  item: "run" | "event" | "email";
  selected: ReadonlySet<string>;
  offers: BulkOffer[];
  clear: () => void;
  /** Selects what matches beyond the loaded rows; absent if everything is loaded. */
  selectMore?: (() => Promise<void>) | undefined;
}

/** Everything of bulk actions on a page. The running action is in the address (`bulk`). */
export function Bulk({ item, selected, offers, clear, selectMore }: BulkProps) {
  const [search, setSearch] = useSearchParams();
  const [question, setQuestion] = useState<Question | null>(null);
  const [busy, setBusy] = useState(false);
  const role = useMe().data?.role ?? "viewer";
  const fitting = offers.filter(({ kind, ids }) => ids.length > 0 && RANK[role] >= RANK[BULK[kind].role]);
  const job = search["bulk"];
  return (
    <>
      {selected.size > 0 && (
        <div className="bulk-actions" role="toolbar" aria-label="Actions on what is selected">
          <span role="status">{count(selected.size, item)} selected</span>
          {selectMore && (
            <Button
              size="s"
              kind="quiet"
              busy={busy}
              onClick={() => {
                setBusy(true);
                void selectMore().finally(() => setBusy(false));
              }}
            >
              Select all that match (up to {MOST_ITEMS})
            </Button>
          )}
          {fitting.map(({ kind, ids }) => (
            <Button key={kind} size="s" onClick={() => setQuestion({ kind, ids: ids.slice(0, MOST_ITEMS) })}>
              {BULK[kind].verb} {itemsOf(kind, Math.min(ids.length, MOST_ITEMS))}…
            </Button>
          ))}
          <Button size="s" kind="quiet" onClick={clear}>
            Clear
          </Button>
        </div>
      )}
      {question && (
        <ConfirmBulk
          question={question}
          close={() => setQuestion(null)}
          onStarted={(id) => {
            clear();
            setSearch({ bulk: id });
          }}
        />
      )}
      {job && <BulkProgress id={job} close={() => setSearch({ bulk: undefined })} />}
    </>
  );
}
