"""F137: values in the file that Stripe refuses: currencies, amounts, metadata, texts on statements, and all limits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.money import (
    CURRENCIES,
    LARGEST_CHARGE,
    MAX_CHARGE,
    SMALLEST_CHARGE,
    WHOLE_ONLY,
    WHOLE_PAYOUTS,
    exponent,
)
from payloom.kit.suggest import did_you_mean
from payloom.kit.yaml.masking import without_expressions
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.parameters.items import items_beside
from payloom.workflows.checker.parameters.limits import Problem, against_choices, beyond_limits
from payloom.workflows.checker.parameters.moments import moments
from payloom.workflows.checker.parameters.presence import what_is_missing
from payloom.workflows.checker.parameters.searches import searches
from payloom.workflows.checker.parameters.together import currencies, doubles, expansions, fees, orders
from payloom.workflows.interpreter.verbs import outbound
from payloom.workflows.interpreter.verbs.outbound import LONGEST_IDEMPOTENCY_KEY

_CHARGES = frozenset({"payment_intents.create", "charges.create"})
_STATEMENT = re.compile(r"[^<>\\'\"*]+")
MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
_LONGEST_INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}
"""Three years, in each unit of a price's interval."""


def check_literals(findings: Findings, types: Types) -> None:
    """Check what stands in the parameters of every Stripe step; values that are only known in a run are left out."""
    for node in findings.nodes:
        if isinstance(node, outbound.OutsideStep):
            _key(findings, node)
        if not isinstance(node, outbound.Stripe):
            continue
        action = findings.catalog.action("stripe", node.action)
        if action is None:
            continue
        path = (*node.path, "with")
        values = node.with_.literal
        problems = [
            *_problems(values, path, action.name),
            *beyond_limits(findings, types, action, values, path, all_pages="all" in node.extra),
            *against_choices(findings, types, action, values, path),
            *what_is_missing(action, values, path),
            *moments(findings, action, values, path),
            *orders(findings, action, values, path),
            *doubles(action.name, values, path),
            *searches(findings, action, values, path),
            *fees(action.name, values, path, of_account=node.account is not None),
            *currencies(action.name, values, path),
            *expansions(action, values, path),
        ]
        for at in items_beside(action, values, path):
            findings.report("F138", at, "this item is added beside those that the subscription has")
        reported: set[Path] = set()
        for at, message, hint in problems:
            if at not in reported:
                findings.report("F137", at, message, hint)
            reported.add(at)


def _key(findings: Findings, node: outbound.OutsideStep) -> None:
    """Find an idempotency key that is too long, whatever its expressions give."""
    text = node.key.literal if node.key is not None else None
    length = len(without_expressions(text)) if isinstance(text, str) else 0
    if length > LONGEST_IDEMPOTENCY_KEY:
        message = f"an idempotency key has at most {LONGEST_IDEMPOTENCY_KEY} characters, this has {length}"
        findings.report("F137", (*node.path, "idempotency_key"), message, "write ${{ hash(…) }}")


def _problems(values: Any, path: Path, action: str) -> Iterator[Problem]:
    if is_list(values):
        for at, item in enumerate(values):
            yield from _problems(item, (*path, at), action)
    if not is_map(values):
        return
    yield from _money(values, path, action)
    yield from _interval(values, path)
    for name, value in values.items():
        at = (*path, name)
        if name == "metadata":
            yield from _metadata(value, at) if is_map(value) else ()
        elif name == "currency_options" and is_map(value):
            for code, item in value.items():
                amounts = {**item, "currency": str(code)} if is_map(item) else {"currency": str(code)}
                yield from _money(amounts, (*at, code), action, key=True)
        elif isinstance(value, str) and str(name).startswith("statement_descriptor") and "${{" not in value:
            if not action.startswith(("treasury.", "v2.")):
                yield from _statement(str(name), value, at)
        else:
            yield from _problems(value, at, action)
    if action == "checkout.sessions.create" and path[-1:] == ("with",):
        yield from _lines(values.get("line_items"), values.get("mode"), (*path, "line_items"))
        if values.get("mode") == "payment":
            yield from _cart(values.get("line_items"), (*path, "line_items"))


def _money(values: Mapping[str, Any], path: Path, action: str, *, key: bool = False) -> Iterator[Problem]:
    currency = next((values[name] for name in ("currency", "default_currency") if name in values), None)
    if not isinstance(currency, str) or "${{" in currency or not currency:
        return
    code = currency.lower()
    if code not in CURRENCIES:
        at = path if key else (*path, "currency" if "currency" in values else "default_currency")
        hint = did_you_mean(code, CURRENCIES) or "write its three letters, such as eur"
        yield at, f"Stripe has no currency {currency!r}", hint
        return
    for name in ("amount", "unit_amount"):
        amount = values.get(name)
        if type(amount) is int:
            yield from _amount(amount, code, (*path, name), action)


def _amount(amount: int, code: str, at: Path, action: str) -> Iterator[Problem]:
    charged = action in _CHARGES and at[-1] == "amount"
    smallest = SMALLEST_CHARGE.get(code, 1)
    largest = LARGEST_CHARGE.get(code, MAX_CHARGE)
    if exponent(code) == 3 and amount % 10:
        yield at, f"an amount in {code} ends in 0, and {amount} does not", "round it to ten units"
    elif (code in WHOLE_ONLY or (code in WHOLE_PAYOUTS and action == "payouts.create")) and amount % 100:
        yield at, f"an amount in {code} ends in 00, and {amount} does not", "round it to a hundred units"
    elif charged and amount < smallest:
        yield at, f"Stripe charges no less than {smallest} {code}, and this is {amount}", "amounts are minor units"
    elif charged and amount > largest:
        yield at, f"Stripe charges no more than {largest} {code}, and this is {amount}", "amounts are minor units"


def _cart(lines: Any, path: Path) -> Iterator[Problem]:
    """Find a Checkout that is too small to be charged, where the file says all of its prices."""
    sums: dict[str, int] = {}
    for line in lines if is_list(lines) else ():
        price = line.get("price_data") if is_map(line) else None
        priced = (price.get("currency"), price.get("unit_amount"), line.get("quantity", 1)) if is_map(price) else ()
        match priced:
            case (str(currency), int(amount), int(quantity)) if "${{" not in currency:
                sums[currency.lower()] = sums.get(currency.lower(), 0) + amount * quantity
            case _:
                return
    for code, total in sums.items():
        # A Checkout for nothing is allowed: it takes no payment.
        if len(sums) == 1 and 0 < total < SMALLEST_CHARGE.get(code, 1):
            message = f"Stripe charges no less than {SMALLEST_CHARGE[code]} {code}, and these items are {total}"
            yield path, message, "amounts are minor units"


def _lines(lines: Any, mode: Any, path: Path) -> Iterator[Problem]:
    """Find the lines of a Checkout that do not go with its mode, and quantities of which there is nothing."""
    literal = [line for line in lines if is_map(line)] if is_list(lines) else []
    for at, line in enumerate(literal):
        quantity, price = line.get("quantity"), line.get("price_data")
        if type(quantity) is int and quantity < 1:
            yield (*path, at, "quantity"), f"`quantity` is 1 or more, not {quantity}", "leave the line out"
        elif quantity is None and (price is not None or (mode == "payment" and "price" in line)):
            yield (*path, at), "Stripe needs `quantity` of a price that is not metered", "add quantity: 1"
        if mode == "payment" and is_map(price) and price.get("recurring") is not None:
            message = "a Checkout with `mode: payment` takes no recurring price"
            yield (*path, at, "price_data", "recurring"), message, "write mode: subscription, or leave `recurring` out"
    prices = [line.get("price_data") for line in literal]
    once = bool(prices) and all(is_map(price) and "recurring" not in price for price in prices)
    if mode == "subscription" and once and len(prices) == len(lines):
        message = "a Checkout with `mode: subscription` needs a recurring price"
        yield path, message, "add recurring: {interval: month} to a price"


def _interval(values: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    count = values.get("interval_count")
    interval = values.get("interval")
    longest = _LONGEST_INTERVALS.get(interval) if isinstance(interval, str) and path[-1:] == ("recurring",) else None
    if longest is not None and type(count) is int and count > longest:
        yield (*path, "interval_count"), f"an interval has at most {longest} {interval}s", "it ends after three years"


def _metadata(values: Mapping[str, Any], path: Path) -> Iterator[Problem]:
    if len(values) > MOST_KEYS:
        yield path, f"metadata has {len(values)} keys, and Stripe takes {MOST_KEYS}", "keep the rest in a table"
    for name, value in values.items():
        at = (*path, name)
        if len(str(name)) > LONGEST_KEY:
            yield (
                at,
                f"a key of metadata has at most {LONGEST_KEY} characters, this one has {len(str(name))}",
                "shorten it",
            )
        elif "[" in str(name) or "]" in str(name):
            yield at, "a key of metadata has no square brackets", "use letters, digits, and _"
        if isinstance(value, str) and "${{" not in value and len(value) > LONGEST_VALUE:
            yield (
                at,
                f"a value of metadata has at most {LONGEST_VALUE} characters",
                "keep it in a table, and send its id",
            )


def _statement(name: str, value: str, path: Path) -> Iterator[Problem]:
    whole = name == "statement_descriptor"
    if name.endswith(("_kana", "_kanji")) or not value:
        return
    if len(value) > 22 or (whole and len(value) < 5):
        yield (
            path,
            f"`{name}` has {'5 to' if whole else 'at most'} 22 characters, this has {len(value)}",
            "change the text",
        )
    elif not _STATEMENT.fullmatch(value):
        yield path, f"`{name}` takes none of < > \\ ' \" *", "leave these characters out"
    elif not re.search("[A-Za-z]", value):
        yield path, f"`{name}` needs a letter", "banks show it to the cardholder"
