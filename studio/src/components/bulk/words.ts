/** What each bulk action is called, in one place. */
import type { BulkKind } from "@/api/bulk";
import type { Me } from "@/api/session";
import { count } from "@/ui";

interface BulkWords {
  /** Of the button: "Retry". */
  verb: string;
  /** Of the result: "Retried". */
  past: string;
  item: string;
  /** What happens to each item. */
  does: string;
  role: Me["role"];
  danger?: boolean;
}

export const BULK: Record<BulkKind, BulkWords> = {
  retry: {
    verb: "Retry",
    past: "Retried",
    item: "run",
    does: "Each run tries its failed step again, on its own version, with the same idempotency key.",
    role: "support",
  },
  rerun: {
    verb: "Rerun",
    past: "Reran",
    item: "run",
    does: "Each run starts again as a new run on the current version. The steps before the failed one keep their results.",
    role: "editor",
  },
  cancel: {
    verb: "Cancel",
    past: "Canceled",
    item: "run",
    does: "Completed steps aren't undone in Stripe or in your tables. A step in progress finishes first.",
    role: "editor",
    danger: true,
  },
  resolve: {
    verb: "Resolve",
    past: "Resolved",
    item: "run",
    does: "Nothing starts. The runs stay failed, and no longer count as needing attention.",
    role: "support",
  },
  replay: {
    verb: "Replay",
    past: "Replayed",
    item: "event",
    does: "Each event starts new runs of the current versions, with new idempotency keys.",
    role: "support",
  },
  resend: {
    verb: "Resend",
    past: "Resent",
    item: "email",
    does: "Each recipient gets the email again.",
    role: "support",
  },
};

export const itemsOf = (kind: BulkKind, number: number): string => count(number, BULK[kind].item);
