import { expect, it } from "vitest";
import { paymentState } from "./payment-state";

const charge = { amount: 900, amount_refunded: 0, disputed: false, refunded: false };

it.each([
  [{ status: "succeeded", latest_charge: charge }, "succeeded"],
  [{ status: "succeeded", latest_charge: "ch_1" }, "succeeded"],
  [{ status: "succeeded", latest_charge: { ...charge, amount_refunded: 1 } }, "partially_refunded"],
  [{ status: "succeeded", latest_charge: { ...charge, amount_refunded: 900, refunded: true } }, "refunded"],
  [
    { status: "succeeded", latest_charge: { ...charge, amount_refunded: 900, refunded: true, disputed: true } },
    "disputed",
  ],
  [{ status: "requires_payment_method", last_payment_error: { message: "declined" } }, "failed"],
  [{ status: "requires_payment_method" }, "requires_payment_method"],
  [{ status: "requires_capture", latest_charge: charge }, "requires_capture"],
  [{}, "unknown"],
])("%o is shown as %s", (intent, state) => {
  expect(paymentState(intent)).toBe(state);
});
