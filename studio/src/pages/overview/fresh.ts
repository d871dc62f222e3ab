/** Whether nothing was paid yet and nothing needs attention: then the overview shows the first steps. Pure. */
import type { Overview } from "@/api/overview";

type Known = Pick<
  Overview,
  | "alerts"
  | "approvals"
  | "blocked_runs"
  | "failed_runs"
  | "parked_runs"
  | "payments"
  | "rejected"
  | "undelivered_mails"
> & { last_24h: Pick<Overview["last_24h"], "payments" | "failed"> };

/** What a server does when it starts (prices made in Stripe, with their runs and events) counts for nothing. */
export function isFresh(overview: Known): boolean {
  const { last_24h: day, failed_runs, parked_runs, blocked_runs, undelivered_mails } = overview;
  return (
    overview.payments.length + day.payments + day.failed === 0 &&
    failed_runs.count + parked_runs.count + blocked_runs.count + undelivered_mails.count === 0 &&
    overview.alerts.length + overview.approvals.length + overview.rejected.length === 0
  );
}
