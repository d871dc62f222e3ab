"""F137, over every parameter: its limits (`Limits`), parameters that exclude each other, ids of another kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from payloom.kit.diagnostics import Path
from payloom.kit.json_types import is_list, is_map
from payloom.kit.yaml.masking import without_expressions
from payloom.workflows.catalog.catalog import Action
from payloom.workflows.catalog.limits import CHOICES, LIMITS, NOT_BOTH, Choice, Limits
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.parameters.constants import constant

Problem: TypeAlias = tuple[Path, str, str]
"""Where it stands, what is wrong, and what to do."""

PREFIXES: Mapping[str, tuple[str, ...]] = {
    "account": ("acct_",),
    "charge": ("ch_", "py_"),
    "coupon": (),
    "customer": ("cus_",),
    "dispute": ("dp_", "du_"),
    "event": ("evt_",),
    "invoice": ("in_",),
    "invoice_item": ("ii_",),
    "payment_intent": ("pi_",),
    "payment_link": ("plink_",),
    "payment_method": ("pm_", "card_", "src_", "ba_"),
    "payout": ("po_",),
    "price": ("price_", "plan_"),
    "product": ("prod_",),
    "promotion_code": ("promo_",),
    "quote": ("qt_",),
    "refund": ("re_", "pyr_"),
    "session": ("cs_", "bps_"),
    "setup_intent": ("seti_",),
    "shipping_rate": ("shr_",),
    "subscription": ("sub_",),
    "subscription_item": ("si_",),
    "subscription_schedule": ("sub_sched_",),
    "tax_rate": ("txr_",),
    "transfer": ("tr_",),
}
"""How the ids of Stripe's objects begin. Merchants choose those of coupons; older ones of prices and products, too."""
_SAME = {"default_payment_method": "payment_method", "default_price": "price"}
_LONGEST = 5000
"""Characters of any text that has no limit of its own."""
_MILLISECONDS = 10**11
"""Seconds reach it in the year 5138, milliseconds did in 1973."""
_MOMENT = re.compile(r"(?:^|_)(?:at|end|start|anchor|date|time|timestamp)$")
_BRACES = re.compile(r"\$?\{(?!CHECKOUT_SESSION_ID\})\w*\}|\$\{CHECKOUT_SESSION_ID\}")
_ID = re.compile(r"[a-z]+_(?:sched_|test_|live_)?[A-Za-z0-9]{3,}\w*")


def beyond_limits(
    findings: Findings, types: Types, action: Action, values: Any, path: Path, *, all_pages: bool = False
) -> Iterator[Problem]:
    """Yield what an action's parameters cannot be. all_pages: the step follows all pages of a list."""
    schema = action.params or {}
    all_pages = all_pages or (is_map(values) and bool(values.get("all")))
    own = action.name.split(".")[-2:-1]
    for at, name, written, part in parameters(values, schema, path):
        value = constant(findings, written, at)
        limits = part.get(LIMITS) or Limits(longest=_LONGEST)
        if isinstance(limits, Limits) and not (all_pages and name == "limit" and len(at) == len(path) + 1):
            yield from _of_one(name, value, limits, at)
        kind = own[0].removesuffix("s") if name == "id" and own and len(at) == len(path) + 1 else _SAME.get(name, name)
        if isinstance(value, str) and kind in PREFIXES:
            yield from _of_another_kind(name, kind, value, at)
    for at, part, named in maps_of(values, schema, path):
        for pair in part.get(NOT_BOTH) or ():
            if all(_given(findings, types, named.get(name), (*at, name)) for name in pair):
                message = f"Stripe takes `{pair[0]}` or `{pair[1]}`, not both"
                yield (*at, pair[1]), message, f"leave out `{pair[0]}` or `{pair[1]}`"


def against_choices(findings: Findings, types: Types, action: Action, values: Any, path: Path) -> Iterator[Problem]:
    """Yield the parameters that do not go with what another one says, and those that it asks for."""
    if not is_map(values):
        return
    for choice in (action.params or {}).get(CHOICES) or ():
        if not _chosen(choice, values):
            continue
        for name in choice.without:
            if _given(findings, types, values.get(name), (*path, name)):
                yield (*path, name), f"Stripe takes no `{name}` {_where(choice, values)}", f"leave out `{name}`"
        if choice.needs and all(lacks(values, name) for name in choice.needs):
            listed = " or ".join(f"`{name}`" for name in choice.needs)
            yield (
                (*path, choice.parameter),
                f"Stripe needs {listed} {_where(choice, values)}",
                f"add {choice.needs[0]}: …",
            )


def lacks(named: Mapping[str, Any], name: str) -> bool:
    """Whether a parameter is surely not sent: it is left out, null, or an empty list, which no form can say."""
    value = named.get(name)
    return value is None or value == []


def parameters(value: Any, schema: Mapping[str, Any], path: Path) -> Iterator[tuple[Path, str, Any, Mapping[str, Any]]]:
    """Yield each named value with the schema of its name, however deep it stands."""
    for at, part, named in maps_of(value, schema, path):
        for name, item in named.items():
            known = _of_name(part, name)
            if known is not None:
                yield (*at, name), str(name), item, known


def maps_of(
    value: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[tuple[Path, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield each map with the schema that knows most of its names."""
    alternatives = [part for part in schema.get("anyOf", [schema]) if is_map(part)]
    if is_list(value):
        for items in [part["items"] for part in alternatives if is_map(part.get("items"))][:1]:
            for at, item in enumerate(value):
                yield from maps_of(item, items, (*path, at))
    elif is_map(value):
        shapes = [part for part in alternatives if "properties" in part or "additionalProperties" in part]
        if not shapes:
            return
        shape = max(shapes, key=lambda part: sum(name in part.get("properties", {}) for name in value))
        yield path, shape, value
        for name, item in value.items():
            inner = _of_name(shape, name)
            if inner is not None and name != "metadata":
                yield from maps_of(item, inner, (*path, name))


def _of_name(shape: Mapping[str, Any], name: Any) -> Mapping[str, Any] | None:
    properties: Mapping[str, Any] = shape.get("properties") or {}
    inner = properties[name] if name in properties else shape.get("additionalProperties")
    return inner if is_map(inner) else None


def _of_one(name: str, value: Any, limits: Limits, path: Path) -> Iterator[Problem]:
    if is_list(value) and limits.most is not None and len(value) > limits.most:
        yield path, f"`{name}` has at most {limits.most} items, this has {len(value)}", "leave some out"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from _of_number(name, value, limits, path)
    elif isinstance(value, str) and value:
        yield from _of_text(name, value, limits, path)


def _of_number(name: str, value: float, limits: Limits, path: Path) -> Iterator[Problem]:
    if value >= _MILLISECONDS and _MOMENT.search(name):
        yield path, f"`{name}` is in seconds, and {value} is in milliseconds", f"write {int(value) // 1000}"
        return
    small = (limits.least is not None and value < limits.least) or (limits.above is not None and value <= limits.above)
    if small or (limits.largest is not None and value > limits.largest):
        words = [
            f"from {limits.least}" if limits.least is not None else "",
            f"above {limits.above}" if limits.above is not None else "",
            f"up to {limits.largest}" if limits.largest is not None else "",
        ]
        yield path, f"`{name}` is {' '.join(word for word in words if word)}, not {value}", "use a number in between"


def _of_text(name: str, value: str, limits: Limits, path: Path) -> Iterator[Problem]:
    unknown = _BRACES.search(without_expressions(value)) if name.endswith("url") else None
    if unknown is not None:
        yield path, f"Stripe fills in {{CHECKOUT_SESSION_ID}}, and not {unknown[0]}", "write {CHECKOUT_SESSION_ID}"
    elif "${{" in value:
        if name.endswith("url") and value.startswith("/"):
            yield path, f"`{name}` is {limits.letters}", "begin it with ${{ env.SITE_URL }}"
    elif limits.longest is not None and len(value) > limits.longest:
        yield path, f"`{name}` has at most {limits.longest} characters, this has {len(value)}", "shorten it"
    elif limits.shortest is not None and len(value) < limits.shortest:
        yield path, f"`{name}` has at least {limits.shortest} characters, this has {len(value)}", "lengthen it"
    elif limits.alphabet is not None and not re.fullmatch(limits.alphabet, value):
        url = name.endswith("url") and value.startswith("/")
        yield path, f"`{name}` is {limits.letters}", "begin it with ${{ env.SITE_URL }}" if url else "change the text"


def _of_another_kind(name: str, kind: str, value: str, path: Path) -> Iterator[Problem]:
    """Find an id of an object of another kind, such as a product's where a price is wanted."""
    if not _ID.fullmatch(value) or value.startswith(PREFIXES[kind]):
        return
    others = [
        (prefix, other) for other, prefixes in PREFIXES.items() for prefix in prefixes if value.startswith(prefix)
    ]
    if others:
        other_kind = max(others)[1].replace("_", " ")
        yield (
            path,
            f"`{name}` is the id of a {kind.replace('_', ' ')}, and this is one of a {other_kind}",
            "use its own id",
        )


def _given(findings: Findings, types: Types, value: Any, path: Path) -> bool:
    """Whether a parameter is surely sent: a null is not, and a text that an expression makes may be one."""
    if value is None or value is False or value == "":
        return False
    site = findings.single(value, path)
    if site is None:
        return True
    schema = types.of(site)
    if schema is None or any(ref.optional for ref in site.compiled.refs):
        return False
    kinds = schema.get("type")
    return isinstance(kinds, str) and kinds != "null"


def _chosen(choice: Choice, values: Mapping[str, Any]) -> bool:
    """Whether the file says one of the choice's values; a spread or an expression may give another one."""
    value = values.get(choice.parameter)
    return type(value) in {str, bool, type(None)} and value in choice.values


def _where(choice: Choice, values: Mapping[str, Any]) -> str:
    value = values.get(choice.parameter)
    return f"without `{choice.parameter}`" if value is None else f"with `{choice.parameter}: {str(value).lower()}`"
