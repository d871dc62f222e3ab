/** A workflow that the tests of the model read: a switch, a try, a loop, two triggers. */
import { flowOf } from "./graph";
import { parse } from "@/model/document/parse";

export const TEXT = `name: Settle
on:
  - stripe: payment_intent
    actions: [succeeded, payment_failed]
  - manual: true
steps:
  - switch: event.action
    cases:
      succeeded:
        - id: order               # the order it pays
          update: orders
          where: {id: "\${{ object.metadata.order_id }}"}
          set: {status: paid}
        - if: order != null
          then:
            - email: receipt
              to: \${{ order.email }}
      payment_failed: []
    default: stop
  - try:
      - id: refund
        stripe: refunds.create
        with: {payment_intent: pi_1}
    catch:
      - errors: [card_declined]
        do:
          - raise: {code: no, message: Not possible}
  - for_each: items
    as: one
    do:
      - log: \${{ one }}
`;

export const document = (() => {
  const { document: parsed } = parse(TEXT);
  if (parsed === null) throw new Error("the example does not parse");
  return parsed;
})();

export const flow = flowOf(document.data);
