"""The rules of the checker, with stable ids. The reference pages are generated from them."""

from __future__ import annotations

import dataclasses

from payloom.kit.diagnostics import Severity


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `title`: the problem. `why`: what happens if nobody fixes it."""

    id: str
    severity: Severity
    title: str
    why: str
    hint: str
    """What to do, if the diagnostic has no better hint."""


_ALL = (
    Rule("F000", "error", "The file is not a workflow",
         "The YAML is invalid, a key is missing or misplaced, or a value has the wrong kind.",
         "correct the line; the reference of the language has an example of each verb and trigger"),
    Rule("F001", "error", "Unknown name",
         "No verb, field, function, table, column, template, workflow, setting, or Stripe parameter has this name.",
         "correct the name; `payloom actions`, `payloom triggers`, and tables.yaml list those that exist"),
    Rule("F002", "error", "Value may be missing",
         "An expression reads a step before it runs, outside its loop, or without `?.` or `??` if it can be skipped.",
         "read a step only after it runs; write `?.` or `??` if it can be skipped"),
    Rule("F003", "error", "Wrong type",
         "The value has the wrong type, such as text where Stripe requires a whole number.",
         "use a value of the right type; `string()`, `int()`, `json()`, and `timestamp()` convert"),
    Rule("F004", "error", "Invalid expression", "The text is not an expression of the language.",
         "see the reference of expressions for the syntax"),
    Rule("F005", "error", "An ignore comment without a rule or a reason",
         "A comment that suppresses a diagnostic must name its rule and the reason.",
         "write `# payloom: ignore[F101] reason`"),
    Rule("F006", "warning", "Value not listed by Stripe",
         "Stripe's description lists the values that it accepts. Another value is usually a typing error.",
         "use one of Stripe's values"),
    Rule("F010", "warning", "Unreachable step",
         "The step comes after the end of its branch, or under a condition or a case that is never true.",
         "remove the step, or change the condition before it"),
    Rule("F011", "error", "Loop without a limit", "`while` needs `max`, the largest number of iterations.",
         "add `max: 10`"),
    Rule("F101", "error", "Client value used for money",
         "A caller of the endpoint could choose the amount, the price, the currency, or the customer.",
         "read it from a table by a key that the client knows"),
    Rule("F102", "error", "Missing ownership check",
         "A signed-in user could read or change another user's row by sending its ID.",
         "add `user_id: ${{ user.id }}` to `where`"),
    Rule("F103", "error", "Unstable idempotency key",
         "A key with `now()` or `uuid()` is new in every run. If all iterations share a key, only one call counts.",
         "build the key from IDs that stay the same"),
    Rule("F104", "error", "Double click charges twice",
         "Two requests start two runs with two keys. `dedupe` or an explicit `idempotency_key` joins them.",
         "add `dedupe`, or an `idempotency_key`"),
    Rule("F105", "advice", "Other outcome not handled",
         "Payments can fail, bank debits settle later, and subscriptions end. Another file might handle it.",
         "handle it here or in another file"),
    Rule("F106", "warning", "GET endpoint with side effects",
         "Browsers and crawlers repeat GET requests. Fulfill orders on events, not on the thank-you page.",
         "use POST, or make the change when Stripe's event arrives"),
    Rule("F107", "error", "Completed checkout treated as paid",
         "With bank debits, a session completes before the payment settles. Check `payment_status`.",
         "add `filter: object.payment_status != 'unpaid'`"),
    Rule("F108", "advice", "Older state can overwrite a newer one",
         "Events can arrive late or in another order. Put the old status into `where`, or use `fresh` and `queue`.",
         "put the old status into `where`, or set `fresh: true`"),
    Rule("F109", "warning", "`where` can match no row",
         "Every value can be null. A null never matches, so the step fails.",
         "test for null first, with `match`, `filter`, or `if`"),
    Rule("F110", "error", "Secret or card data exposed", "Many people read logs, metadata, and responses.",
         "leave it out, or use only its ID"),
    Rule("F111", "error", "Fraction in an amount", "Amounts are integers in minor units, such as cents.",
         "write minor units, e.g. 2198 for 21.98"),
    Rule("F112", "warning", "Email in a loop without a limit", "A wrong list would send thousands of emails.",
         "set `max` on the loop"),
    Rule("F113", "error", "Host not allowed", "The setting `http_allow` lists the hosts that a project can call.",
         "add the host to `http_allow` in payloom.yaml"),
    Rule("F120", "error", "`once` key shared by several people",
         "The first caller's run answers everybody with the same key. Payloom refuses other people, but only at run time.",
         "add `user.id` to `once`, or check whose it is here and `call` a workflow with `once`"),
    Rule("F121", "warning", "Stale row",
         "During a call, a wait, or an approval, others change rows. A value computed from the old row undoes their change.",
         "read the row again after it, or put the value that was read into `where`"),
    Rule("F122", "warning", "Nothing to read again",
         "A deleted object, a preview, and an object without an ID of its own are used as the event brought them.",
         "leave out `fresh`"),
    Rule("F130", "error", "Caller sets their own status",
         "A caller's word is no payment: whoever can set a plan, a role, or a paid status gets it for nothing.",
         "set it when Stripe's event says so"),
    Rule("F131", "warning", "Open endpoint that mails",
         "Anybody can fill somebody else's inbox in your name, until your mails count as spam.",
         "add `rate_limit: 5/h` to the trigger, or send to the signed-in user"),
    Rule("F132", "error", "Caller chooses an address",
         "A link to your site that leads elsewhere helps to steal passwords; a host of their choice sees what you send.",
         "write the beginning of the address in the file"),
    Rule("F133", "error", "Caller's text in a search query",
         "A quotation mark in the value changes the query: it then returns other people's objects.",
         "use `select` on Stripe's tables with `where`, which quotes values"),
    Rule("F134", "warning", "Amount divided by hand",
         "Currencies have none, two, or three digits after the point.",
         "write money(amount, currency)"),
    Rule("F135", "advice", "Paid amount not compared",
         "Metadata names the order, and whoever makes a payment writes its metadata. Compare amount and currency, too.",
         "add the amount and the currency to `where`"),
    Rule("F136", "error", "Sum of several currencies",
         "A hundred yen and a hundred dollars are not two hundred of either.",
         "make sure that all rows have one currency, with `ensure`"),
    Rule("F137", "error", "Value that Stripe refuses",
         "Stripe answers 400, and the run fails, however often it is repeated.",
         "use a value within Stripe's limits"),
    Rule("F138", "warning", "Item added beside the old one",
         "Stripe replaces an item only by its ID. Without one it adds an item, and the customer pays for both.",
         "name the item that it replaces: `{id: si_…, price: price_…}`"),
    Rule("F201", "advice", "No description", "The studio and the lists show the description.",
         "add `description: …`"),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
