import {
  Ban,
  CheckCheck,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleMinus,
  CirclePause,
  CircleSlash,
  CircleX,
  Clock,
  Filter,
  Hourglass,
  Info,
  LoaderCircle,
  RotateCcw,
  ShieldAlert,
  type LucideIcon,
} from "lucide-react";
import type { ReactNode } from "react";
import "./status.css";

export type Tone = "good" | "warn" | "bad" | "info" | "neutral";

interface Look {
  tone: Tone;
  icon: LucideIcon;
  word: string;
}

const LOOKS: Record<string, Look> = {
  // runs and steps
  queued: { tone: "neutral", icon: CircleDashed, word: "Queued" },
  running: { tone: "info", icon: LoaderCircle, word: "Running" },
  started: { tone: "info", icon: LoaderCircle, word: "Running" },
  waiting: { tone: "warn", icon: Clock, word: "Waiting" },
  succeeded: { tone: "good", icon: CircleCheck, word: "Succeeded" },
  failed: { tone: "bad", icon: CircleX, word: "Failed" },
  resolved: { tone: "neutral", icon: CheckCheck, word: "Resolved" },
  refused: { tone: "neutral", icon: CircleSlash, word: "Refused" },
  canceled: { tone: "neutral", icon: Ban, word: "Canceled" },
  filtered: { tone: "neutral", icon: Filter, word: "Skipped by filter" },
  skipped: { tone: "neutral", icon: CircleMinus, word: "Skipped" },
  parked: { tone: "warn", icon: CirclePause, word: "Parked" },
  blocked: { tone: "warn", icon: Hourglass, word: "Blocked" },
  retrying: { tone: "warn", icon: RotateCcw, word: "Retrying" },
  superseded: { tone: "neutral", icon: RotateCcw, word: "Retried" },
  in_doubt: { tone: "warn", icon: ShieldAlert, word: "In doubt" },
  // events
  received: { tone: "neutral", icon: CircleDashed, word: "Received" },
  handled: { tone: "good", icon: CircleCheck, word: "Handled" },
  processed: { tone: "good", icon: CircleCheck, word: "Handled" },
  processing: { tone: "info", icon: LoaderCircle, word: "Processing" },
  unhandled: { tone: "neutral", icon: CircleMinus, word: "No workflow" },
  set_aside: { tone: "neutral", icon: CircleMinus, word: "Set aside" },
  ignored: { tone: "neutral", icon: CircleMinus, word: "No workflow" },
  rejected: { tone: "bad", icon: ShieldAlert, word: "Rejected" },
  verified: { tone: "good", icon: CircleCheck, word: "Verified" },
  delivered: { tone: "good", icon: CircleCheck, word: "Delivered" },
  // mails
  sending: { tone: "info", icon: LoaderCircle, word: "Sending" },
  sent: { tone: "good", icon: CircleCheck, word: "Sent" },
  unknown: { tone: "warn", icon: ShieldAlert, word: "Unknown" },
  pending: { tone: "neutral", icon: CircleDashed, word: "Pending" },
  // Stripe's own words
  paid: { tone: "good", icon: CircleCheck, word: "Paid" },
  unpaid: { tone: "warn", icon: Clock, word: "Unpaid" },
  refunded: { tone: "neutral", icon: RotateCcw, word: "Refunded" },
  partially_refunded: { tone: "neutral", icon: RotateCcw, word: "Partially refunded" },
  disputed: { tone: "bad", icon: ShieldAlert, word: "Disputed" },
  active: { tone: "good", icon: CircleCheck, word: "Active" },
  trialing: { tone: "info", icon: Clock, word: "Trialing" },
  past_due: { tone: "warn", icon: CircleAlert, word: "Past due" },
  incomplete: { tone: "warn", icon: CircleDashed, word: "Incomplete" },
  incomplete_expired: { tone: "neutral", icon: Ban, word: "Expired" },
  expired: { tone: "neutral", icon: Ban, word: "Expired" },
  open: { tone: "info", icon: CircleDashed, word: "Open" },
  complete: { tone: "good", icon: CircleCheck, word: "Complete" },
  draft: { tone: "neutral", icon: CircleDashed, word: "Draft" },
  void: { tone: "neutral", icon: Ban, word: "Void" },
  uncollectible: { tone: "bad", icon: CircleX, word: "Uncollectible" },
  no_payment_required: { tone: "good", icon: CircleCheck, word: "No payment required" },
  paused: { tone: "warn", icon: CirclePause, word: "Paused" },
  issued: { tone: "neutral", icon: CircleCheck, word: "Issued" },
  needs_response: { tone: "bad", icon: ShieldAlert, word: "Needs response" },
  under_review: { tone: "warn", icon: Hourglass, word: "Under review" },
  won: { tone: "good", icon: CircleCheck, word: "Won" },
  lost: { tone: "bad", icon: CircleX, word: "Lost" },
  prevented: { tone: "good", icon: CircleCheck, word: "Prevented" },
  warning_needs_response: { tone: "warn", icon: ShieldAlert, word: "Inquiry: needs response" },
  warning_under_review: { tone: "warn", icon: Hourglass, word: "Inquiry: under review" },
  warning_closed: { tone: "neutral", icon: CircleCheck, word: "Inquiry closed" },
  requires_action: { tone: "warn", icon: ShieldAlert, word: "Requires action" },
  requires_payment_method: { tone: "warn", icon: CircleAlert, word: "Requires payment method" },
  requires_confirmation: { tone: "warn", icon: CircleDashed, word: "Requires confirmation" },
  requires_capture: { tone: "info", icon: CirclePause, word: "Requires capture" },
  // diagnostics
  error: { tone: "bad", icon: CircleX, word: "Error" },
  warning: { tone: "warn", icon: CircleAlert, word: "Warning" },
  hint: { tone: "info", icon: Info, word: "Hint" },
  ok: { tone: "good", icon: CircleCheck, word: "OK" },
};

/** Whether a state has a word, an icon, and a color of its own. */
export const hasLook = (status: string): boolean => Object.hasOwn(LOOKS, status);

export function lookOf(status: string): Look {
  const known = LOOKS[status];
  if (known) return known;
  const words = status.replaceAll("_", " ");
  return { tone: "neutral", icon: CircleDashed, word: words.charAt(0).toUpperCase() + words.slice(1) };
}

/** A state: always an icon, a word and a color. `word` replaces the usual word. */
export function Status({ status, word, quiet }: { status: string; word?: ReactNode; quiet?: boolean }) {
  const look = lookOf(status);
  const Icon = look.icon;
  return (
    <span className={`status tone-${look.tone}${quiet ? " status-quiet" : ""}`} data-status={status}>
      <Icon aria-hidden className={look.icon === LoaderCircle ? "spin" : undefined} />
      {word ?? look.word}
    </span>
  );
}

/** Only the icon, with the word for screen readers. */
export function StatusIcon({ status }: { status: string }) {
  const look = lookOf(status);
  const Icon = look.icon;
  return (
    <span className={`status-icon tone-${look.tone}`} title={look.word}>
      <Icon aria-hidden className={look.icon === LoaderCircle ? "spin" : undefined} />
      <span className="hidden-text">{look.word}</span>
    </span>
  );
}

/** A small word in a box: a kind, a version, a count. */
export function Badge({
  tone = "neutral",
  mono,
  children,
  title,
}: {
  tone?: Tone | "accent";
  mono?: boolean;
  children: ReactNode;
  title?: string;
}) {
  return (
    <span className={`badge tone-${tone}${mono ? " badge-mono" : ""}`} title={title}>
      {children}
    </span>
  );
}
