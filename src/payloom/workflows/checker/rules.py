"""The list of rules: stable ids, what each finds and why it matters. The reference page is made from it."""

from __future__ import annotations

import dataclasses

from payloom.kit.diagnostics import Severity


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One kind of finding. `title`: what is wrong. `why`: what happens if it stays."""

    id: str
    severity: Severity
    title: str
    why: str
    hint: str
    """What to do, where the finding itself does not say it better."""


_ALL = (
    Rule("F000", "error", "The file does not have the shape of a workflow",
         "YAML that cannot be read, a missing or misplaced key, a value of the wrong kind.",
         "compare it with the example of this verb in the reference"),
    Rule("F001", "error", "Unknown name",
         "A verb, field, function, table, column, template, workflow, setting or Stripe parameter nobody knows.",
         "look the name up: `payloom actions`, `payloom triggers`, tables.yaml, or the reference"),
    Rule("F002", "error", "A value that is not there",
         "A step read before it runs or outside its loop, or one that may be skipped, read without `?.` or `??`.",
         "read a step only after it has run; write `?.` or `??` where it may be skipped"),
    Rule("F003", "error", "Wrong type",
         "A value that cannot be what is asked for, such as text where Stripe wants a whole number.",
         "give it what it takes; `string()`, `int()`, `json()` and `timestamp()` convert"),
    Rule("F004", "error", "An expression that cannot be read", "The text is not an expression of the language.",
         "see what an expression may be in the reference of expressions"),
    Rule("F005", "error", "An ignore comment without a rule or a reason",
         "A comment that silences a finding must say which one and why.",
         "write `# payloom: ignore[F101] why it is fine here`"),
    Rule("F006", "warning", "A value that Stripe does not list",
         "Stripe's own description names the values it takes; another one is mostly a slip, rarely newer than that.",
         "take one of Stripe's values"),
    Rule("F010", "warning", "A step that is never reached",
         "It stands after its branch has ended, or under a condition or a case that never comes.",
         "take the step out, or change the condition before it"),
    Rule("F011", "error", "A loop without an end", "`while` needs `max`, how many rounds there may be.",
         "add `max: 10`"),
    Rule("F101", "error", "A value from the client reaches money",
         "Whoever calls the endpoint could choose the amount, the price, the currency or the customer.",
         "read it from a table by a key the client may know"),
    Rule("F102", "error", "Somebody else's row",
         "A signed-in user could read or change a row of another user by sending its id.",
         "add `user_id: ${{ user.id }}` to `where`"),
    Rule("F103", "error", "An idempotency key that does not hold",
         "A key with `now()` or `uuid()` is new on every run; one shared by a loop's rounds lets only the first pass.",
         "make the key of ids that stay"),
    Rule("F104", "error", "Money moves twice on a double click",
         "Two requests are two runs with two keys: `dedupe` or an explicit `idempotency_key` makes them one.",
         "add `dedupe`, or an `idempotency_key`"),
    Rule("F105", "advice", "The other outcome is not handled",
         "Payments also fail, bank debits finish later, subscriptions end. Another file may handle it.",
         "handle it here or in another file"),
    Rule("F106", "warning", "A GET endpoint that changes something",
         "Browsers and crawlers repeat GET requests; orders are fulfilled by events, not by the thanks page.",
         "use POST, or do it when Stripe's event comes"),
    Rule("F107", "error", "A completed checkout is taken for paid",
         "With bank debits a session completes before the money arrives: look at `payment_status`.",
         "add `filter: object.payment_status != 'unpaid'`"),
    Rule("F108", "advice", "An old state may overwrite a newer one",
         "Events can arrive late or in another order: put the old status into `where`, or use `fresh` and `queue`.",
         "put the old status into `where`, or set `fresh: true`"),
    Rule("F109", "warning", "`where` may match nothing at all",
         "Every value in it can be null. A null never matches, and such a step fails.",
         "test for null before, with `match`, `filter` or `if`"),
    Rule("F110", "error", "A secret or card data leaks", "Logs, metadata and answers are read by many people.",
         "leave it out, or name only its id"),
    Rule("F111", "error", "A fraction in an amount", "Amounts are whole numbers of minor units, such as cents.",
         "write whole minor units, e.g. 2198 for 21.98"),
    Rule("F112", "warning", "Mail in a loop without a limit", "A wrong list sends thousands of mails: set `max`.",
         "set `max` on the loop"),
    Rule("F113", "error", "A call to a host that is not allowed", "The project's settings list the hosts it may call.",
         "add the host to `http_allow` in payloom.yaml"),
    Rule("F201", "advice", "No description", "Say in one sentence what the workflow is for.",
         "add `description: …`"),
)  # fmt: skip

RULES: dict[str, Rule] = {rule.id: rule for rule in _ALL}
