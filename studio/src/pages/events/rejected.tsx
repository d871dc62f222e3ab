/** What was turned away, by reason, with what to do about it. */
import { ShieldCheck } from "lucide-react";
import type { Rejection } from "@/api/events";
import { count, EmptyState, JsonView, Status, Time } from "@/ui";

/** What each reason means for the person who reads it. The server's hint comes first when it gives one. */
const MEANINGS: Record<string, string> = {
  signature:
    "The signature doesn't match the signing secret. The endpoint's secret in Stripe and STRIPE_WEBHOOK_SECRET must be the same.",
  too_old: "The signature is older than five minutes: a clock is wrong, or an old request was sent again.",
  livemode: "A live event was sent to a test project, or the reverse. Check which endpoint sends to this address.",
  too_large: "The request was larger than an event ever is.",
};

export function Rejected({ rejections }: { rejections: Rejection[] }) {
  if (rejections.length === 0) {
    return (
      <EmptyState icon={ShieldCheck} title="No rejected requests">
        Requests with a wrong or old signature, or of the wrong mode, are counted here by reason.
      </EmptyState>
    );
  }
  return (
    <ul className="rejections">
      {rejections.map((rejection) => {
        const sample = rejection.sample as { hint?: string } | null;
        return (
          <li key={rejection.reason} className="card rejection">
            <div className="rejection-head">
              <Status status="rejected" word={rejection.reason.replaceAll("_", " ")} />
              <span className="num">{count(rejection.count, "time")}</span>
              <span className="faint">
                first <Time at={rejection.first_at} />, last <Time at={rejection.last_at} />
              </span>
            </div>
            <p className="soft">{sample?.hint ?? MEANINGS[rejection.reason] ?? "The latest of them:"}</p>
            {rejection.sample !== null && <JsonView value={rejection.sample} label="The latest of them" open={1} />}
          </li>
        );
      })}
    </ul>
  );
}
