"""What the words mean that lists show of runs, events, rejected requests and emails. `payloom explain` prints this.

Words that are also error codes, failure kinds, or alerts are explained there.
"""

from __future__ import annotations

from collections.abc import Mapping

from payloom.cli.support.failure_help import FailureHelp

WORDS: Mapping[str, FailureHelp] = {
    # Runs: `payloom runs list --status`.
    "queued": FailureHelp("The run, or the email, waits for a free worker.", "All workers are busy, or none runs.", "`payloom doctor` says whether a server or a worker runs."),
    "running": FailureHelp("A worker advances the run now. An event is running while one of its runs is.", "A step is being performed, or the next one starts in a moment.", "Nothing."),
    "waiting": FailureHelp("The run waits for a point in time, an event, a called workflow, or a user's decision.", "Its step is `wait`, `wait_for`, `call`, or `approve`, or a failed step that is retried later.", "`payloom runs show RUN` names what it waits for."),
    "succeeded": FailureHelp("The run did all its steps.", "No step failed, or its failure was handled.", "Nothing."),
    "failed": FailureHelp("A step of the run failed for good. Of an event, one of its runs failed; an email was rejected.", "The failure's kind has the cause: `payloom explain KIND`.", "Remove the cause, then `payloom runs retry RUN`."),
    "filtered": FailureHelp("A `filter` ended the run. It counts as succeeded.", "The filter's condition was false.", "Nothing, or correct the condition."),
    "parked": FailureHelp("The run waits for a row that does not exist yet.", "An event arrived before the row that it is about was inserted.", "Nothing. The run continues when the row is there, and fails when its time is over."),
    "blocked": FailureHelp("The run waits for an earlier run of the same queue.", "Runs of a queue are advanced in order, and the first one has failed or is not over.", "Retry or cancel the first run; `payloom runs show RUN` names it."),
    "unresolved": FailureHelp("A failed run that still needs attention.", "It was neither repeated with success nor marked as resolved.", "Retry or rerun it, or mark it as resolved in the studio."),
    "resolved": FailureHelp("A failed run that needs no attention any more.", "A rerun or a replay succeeded, or a user marked it.", "Nothing."),
    "run_failed": FailureHelp("The run behind the request failed or was canceled, and left no failure for its caller.", "It ended without a step that failed.", "`payloom runs show RUN` has its steps."),
    # Events: their states, why they were set aside, and why they started nothing.
    "handled": FailureHelp("Each run of the event succeeded.", "At least one workflow matched the event.", "Nothing."),
    "unhandled": FailureHelp("No workflow matched the event.", "No published workflow has a trigger that takes it.", "`payloom events show EVENT` gives the reason for each workflow."),
    "started": FailureHelp("The event started a run of the workflow; or a step's call was sent and has no result yet.", "The trigger takes the event.", "Nothing."),
    "no_trigger": FailureHelp("The workflow does not start on events of Stripe.", "Its `on` names another kind of trigger.", "Add `stripe:` to its `on` if it is to handle the event."),
    "type": FailureHelp("The workflow's trigger takes events of another family.", "`stripe:` in its `on` names other objects.", "Compare it with the event's type."),
    "action": FailureHelp("The workflow's trigger takes other actions of this family.", "`actions:` in its `on` does not list the event's action.", "Add the action, or leave `actions` out."),
    "account": FailureHelp("The workflow's trigger takes events of other accounts.", "Without `account:`, a trigger takes events of your own account; `account: '*'` takes those of connected accounts.", "Correct `account:` in its `on`."),
    "mode": FailureHelp("The workflow's trigger takes events of the other mode.", "`livemode:` in its `on` does not fit the event.", "Correct or leave out `livemode`."),
    "condition": FailureHelp("The `match` of the workflow's trigger is false for this event.", "`payloom events show EVENT` has the values that it compared.", "Correct `match`, or nothing."),
    "error": FailureHelp("The `match` or `account` of the workflow's trigger failed on this event.", "The expression reads a field that the event lacks, or compares different types.", "Correct the expression, publish, and `payloom events replay EVENT`."),
    "deduped": FailureHelp("The event started no run of its own.", "A run with the same `once` or `dedupe` key exists.", "Nothing. `payloom events show EVENT` names the run."),
    "later": FailureHelp("The workflow would start now, and did not when the event arrived.", "Another version was published then.", "`payloom events replay EVENT` starts it."),
    "foreign_account": FailureHelp("The event was set aside: it happened in a connected account.", "No workflow names that account.", "Add `account:` to a trigger, publish it, and replay the event."),
    "other_mode": FailureHelp("The event was set aside: it is of the other mode.", "Stripe sends live and test events to one Connect endpoint.", "Nothing. The environment of the other mode has its own endpoint."),
    "unknown_kind": FailureHelp("The event was set aside: this version handles no events of this kind.", "It is not a snapshot event.", "Remove its type from the endpoint at Stripe, or keep it for a later version."),
    "unknown_type": FailureHelp("The event was set aside: this version does not know its type.", "Stripe added the type later, and no workflow has a trigger for it.", "Add a trigger with its type, publish it, and replay the event."),
    # Rejected requests: `payloom_webhooks_total`, and Events in the studio.
    "no_signature": FailureHelp("The webhook request has no Stripe-Signature header.", "Something other than Stripe calls the address, or a proxy removes headers.", "Let the proxy pass all headers."),
    "malformed_signature": FailureHelp("The Stripe-Signature header can't be read.", "Something other than Stripe calls the address, or a proxy changes headers.", "Let the proxy pass headers as they are."),
    "no_v1_signature": FailureHelp("The Stripe-Signature header has no signature of scheme v1.", "Something other than Stripe calls the address.", "Nothing, if it is not Stripe."),
    "wrong_signature": FailureHelp("No signature fits the body and a webhook secret.", "STRIPE_WEBHOOK_SECRET belongs to another endpoint or mode, or a proxy changes the body.", "Copy the endpoint's signing secret from Stripe. While it is rolled, set both secrets."),
    "too_old": FailureHelp("The webhook request was signed more than 5 minutes ago.", "This machine's clock is fast, or the request was recorded and sent again.", "Synchronize the clock."),
    "in_the_future": FailureHelp("The webhook request was signed more than 5 minutes in the future.", "This machine's clock is slow.", "Synchronize the clock."),
    "not_an_event": FailureHelp("The body of a signed webhook request is not an event.", "It is not Stripe's, although it is signed with your secret.", "Roll the endpoint's secret at Stripe."),
    "wrong_mode": FailureHelp("The event is of live mode and the keys are of test mode, or the reverse.", "The endpoint at Stripe points to the wrong environment.", "Give each mode an endpoint and a server of its own."),
    # Emails and approvals.
    "sending": FailureHelp("The email is being sent.", "The mail server has not confirmed it yet.", "Nothing."),
    "sent": FailureHelp("The mail server accepted the email.", "It confirmed the message.", "Nothing."),
    "unknown": FailureHelp("It isn't known whether the email left.", "The connection broke, or the server stopped, while the mail server was taking it.", "Ask the recipient, or look in the mail server's log; then resend it."),
    "approved": FailureHelp("A user approved the step.", "The run continued.", "Nothing."),
    "late": FailureHelp("Nobody decided on the approval before its `timeout`.", "The run continued with `on_timeout`, or failed with `approval_timeout`.", "Use a longer `timeout`."),
    "over": FailureHelp("The approval is no longer open.", "Its run ended before anybody decided.", "Nothing."),
    "superseded": FailureHelp("A retry replaced this attempt of the step.", "The step failed, and the run was retried or reran from an earlier step.", "Nothing."),
    # Connections: `payloom_connections_refused_total` and `payloom_connections_cut_total`.
    "full": FailureHelp("The server rejected a connection: too many are open.", "There are more clients than `connections.total`.", "Put a proxy in front, or raise the limit."),
    "address": FailureHelp("The server rejected a connection: too many are open from its address.", "One client opens many connections, or a proxy is not listed in `trusted_proxies`.", "List your proxy in `trusted_proxies`."),
    "slow_head": FailureHelp("The server closed a connection: the headers arrived too slowly.", "The client is slow, or holds connections on purpose.", "Nothing, or put a proxy in front."),
    "slow_body": FailureHelp("The server closed a connection: the body arrived too slowly.", "The client is slow, or holds connections on purpose.", "Nothing, or put a proxy in front."),
    "slow_reader": FailureHelp("The server closed a connection: the client does not read its response.", "The client is slow, or holds connections on purpose.", "Nothing, or put a proxy in front."),
    # Invariants of `payloom storm`.
    "I1": FailureHelp("Refunds exceed the captured amount of a payment.", "Two paths refund the same payment, or a refund's amount is not compared with what is left.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I2": FailureHelp("An order was charged more than once.", "The charge's key is new on each attempt, or two workflows charge the same order.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I3": FailureHelp("Access was granted before its payment.", "The row is written before the payment is confirmed.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I4": FailureHelp("An acknowledged event is neither processed, nor in progress, nor visible as failed.", "It is a bug of Payloom.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I5": FailureHelp("An effect happened twice.", "A step's key is not the same on each attempt, or it expired at the other system.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I6": FailureHelp("A paid order has no receipt, or more than one that is not marked as a repeat.", "The email is sent from a path that can run twice.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I7": FailureHelp("Your tables and Stripe's ledger differ.", "A workflow writes an amount that Stripe did not confirm.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I8": FailureHelp("A run has not ended and will not resume, or belongs to a dead worker.", "It is a bug of Payloom.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I9": FailureHelp("Stripe received a 5xx response although the database was available.", "It is a bug of Payloom.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I10": FailureHelp("A count of coupons or stock is negative.", "A workflow reads the count, calls another system or waits, and then writes it. Read it again right before the `update`, or name the value in `where`.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I11": FailureHelp("The journal was changed, replays differently, or has an effect that did not happen.", "It is a bug of Payloom, or a test's fake answers differ from Stripe's.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
    "I12": FailureHelp("An argument, a log line, or a failure contains a secret or a card number.", "A workflow passes a secret on, or logs what it received.", "`payloom storm --seed SEED` runs the scenario again. The page on reliability lists the invariants."),
}  # fmt: skip
"""word → what it means."""
