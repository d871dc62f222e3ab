/** What became of a payment, in the words of the Payments page: a paid one may be refunded or disputed by now. Pure. */
import type { StripeObject } from "./api";

export function paymentState(intent: Pick<StripeObject, "status" | "latest_charge" | "last_payment_error">): string {
  const { status, latest_charge: charge } = intent;
  if (status === "requires_payment_method" && intent.last_payment_error) return "failed";
  if (status !== "succeeded" || !charge || typeof charge === "string") return status ?? "unknown";
  if (charge.disputed) return "disputed";
  if (charge.refunded) return "refunded";
  return charge.amount_refunded > 0 ? "partially_refunded" : "succeeded";
}
