"""F137: values in the file that Stripe refuses: currencies, amounts, metadata, and texts on statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.money import CURRENCIES, SMALLEST_CHARGE, WHOLE_ONLY, exponent
from payloom.kit.suggest import did_you_mean
from payloom.workflows.checker.findings import Findings
from payloom.workflows.interpreter.verbs import outbound

_CHARGES = ("payment_intents.create", "charges.create")
_STATEMENT = re.compile(r"[^<>\\'\"*]+")
MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
Problem = tuple[Path, str, str]
"""Where it stands, what is wrong, and what to do."""


def check_literals(findings: Findings) -> None:
    """Check what stands in the parameters of every Stripe step; values that are only known in a run are left out."""
    for node in findings.nodes:
        if isinstance(node, outbound.Stripe):
            action = findings.catalog.action("stripe", node.action)
            if action is None or not action.writes:
                continue
            charges = action.name in _CHARGES
            for path, message, hint in _problems(node.with_.literal, (*node.path, "with"), charges=charges):
                findings.report("F137", path, message, hint)


def _problems(values: Any, path: Path, *, charges: bool) -> Iterator[Problem]:
    if is_list(values):
        for at, item in enumerate(values):
            yield from _problems(item, (*path, at), charges=charges)
    if not is_map(values):
        return
    yield from _money(values, path, charges=charges)
    for name, value in values.items():
        at = (*path, name)
        if name == "metadata" and is_map(value):
            yield from _metadata(value, at)
        elif isinstance(value, str) and str(name).startswith("statement_descriptor") and "${{" not in value:
            yield from _statement(str(name), value, at)
        else:
            yield from _problems(value, at, charges=charges)


def _money(values: Mapping[str, Any], path: Path, *, charges: bool) -> Iterator[Problem]:
    currency = values.get("currency")
    if not isinstance(currency, str) or "${{" in currency:
        return
    code = currency.lower()
    if code not in CURRENCIES:
        hint = did_you_mean(code, CURRENCIES) or "write its three letters, such as eur"
        yield (*path, "currency"), f"Stripe has no currency {currency!r}", hint
        return
    for name in ("amount", "unit_amount"):
        amount = values.get(name)
        if type(amount) is not int:
            continue
        at = (*path, name)
        if exponent(code) == 3 and amount % 10:
            yield at, f"an amount in {code} ends in 0, and {amount} does not", "round it to ten units"
        elif code in WHOLE_ONLY and amount % 100:
            yield at, f"an amount in {code} ends in 00, and {amount} does not", "round it to a hundred units"
        elif name == "amount" and charges and amount < SMALLEST_CHARGE.get(code, 1):
            smallest = SMALLEST_CHARGE.get(code, 1)
            yield at, f"Stripe charges no less than {smallest} {code}, and this is {amount}", "amounts are minor units"


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
