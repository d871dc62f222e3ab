"""What Stripe refuses however often it is asked is found in the file: every limit of every operation, both sides."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.workflow_driver import load
from tests.unit.workflows.checker.test_checker_with_stripe import catalog

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.limits import CHOICES
from payloom.kit.money import CURRENCIES, LARGEST_CHARGE, MAX_CHARGE, SMALLEST_CHARGE, exponent
from payloom.kit.yaml.source import Source
from payloom.workflows.catalog.limits import LIMITS, NOT_BOTH, Choice, Limits
from payloom.workflows.checker.expressions import Types
from payloom.workflows.checker.findings import Findings
from payloom.workflows.checker.flow import analyze
from payloom.workflows.checker.parameters.limits import PREFIXES, beyond_limits
from payloom_emulator.protocol import lengths

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TEXTS = {
    "letters and digits": "a", "letters, digits, dashes, and underscores": "a", "letters, digits, and dashes": "a", "1 to 12 capital letters and digits": "A",
    "the two letters of a country, such as DE": "DE", "a day, such as 2026-01-31": "2026-01-31",
    "an address, such as ada@example.com": "a@b.co", "a whole address, such as https://shop.example/thanks": "https://a.co",
}  # fmt: skip
Place = tuple[str, tuple[str, ...], "Limits"]


def _below(
    schema: Mapping[str, Any], path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Each parameter, with `[]` for the items of a list; Stripe's parameters are nested seven deep at most."""
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _below(part, (*path, name))
    if schema.get("items"):
        yield from _below(schema["items"], (*path, "[]"))
    for part in schema.get("anyOf", ()):
        yield from ((inner, node) for inner, node in _below(part, path) if inner != path or NOT_BOTH in node)


@functools.cache
def _every() -> list[tuple[str, tuple[str, ...], Mapping[str, Any]]]:
    return [
        (name, path, schema)
        for name in operations.names()
        for path, schema in _below(operations.find(name).params())  # type: ignore[union-attr] - every name has an operation
        if LIMITS in schema or NOT_BOTH in schema
    ]


def _put(path: tuple[str, ...], value: Any) -> Any:
    for name in reversed(path):
        value = [value] if name == "[]" else {name: value}
    return value


@functools.cache
def _checker() -> tuple[Findings, Types]:
    text = "name: T\ndescription: d\non: {manual: true}\nsteps:\n  - log: x\n"
    workflow = load(text, catalog=catalog()).workflow
    assert workflow is not None
    findings = Findings(workflow, Source(text, ""), catalog())
    return findings, Types(findings, analyze(findings))


def _found(name: str, values: Any, **more: bool) -> list[str]:
    action = catalog().action("stripe", name)
    assert action is not None
    return [message for _, message, _ in beyond_limits(*_checker(), action, values, ("steps", 0, "with"), **more)]


def _edges(limits: Limits) -> Iterator[tuple[Any, bool]]:
    """Values on both sides of each limit, and whether Stripe refuses them."""
    letter = _TEXTS[limits.letters] if limits.letters else "a"
    fitting = letter if len(letter) > 1 else letter * (limits.shortest or 1)
    for field in dataclasses.fields(limits):
        limit = getattr(limits, field.name)
        match field.name:
            case "longest" if limit is not None:
                yield (letter * limit)[:limit] if len(letter) == 1 else letter + "a" * (limit - len(letter)), False
                yield "a" * (limit + 1), True
            case "shortest" if limit is not None:
                yield "a" * (limit - 1), True
            case "most" if limit is not None:
                yield ["a"] * limit, False
                yield ["a"] * (limit + 1), True
            case "least" if limit is not None:
                yield limit, False
                yield limit - 1, True
            case "above" if limit is not None:
                yield limit + 1, False
                yield limit, True
            case "largest" if limit is not None:
                yield limit, False
                yield limit + 1, True
            case "alphabet" if limit is not None:
                yield fitting, False
                yield "ä/ #", True
            case _:
                pass


def test_every_limit_of_every_operation_is_found_on_its_far_side_and_not_on_its_near_one() -> None:
    wrong: list[str] = []
    seen = 0
    for name, path, schema in _every():
        limits = schema.get(LIMITS)
        for value, refused in _edges(limits) if limits is not None else ():
            seen += 1
            if bool(_found(name, _put(path, value))) is not refused:
                wrong.append(f"{name} {'.'.join(path)}: {str(value)[:40]!r} {'not found' if refused else 'found'}")
    assert wrong == []
    assert seen > 1500


def test_of_every_pair_that_excludes_each_other_one_alone_is_no_finding() -> None:
    seen = 0
    for name, path, schema in _every():
        for pair in schema.get(NOT_BOTH, ()):
            seen += 1
            assert any("not both" in hit for hit in _found(name, _put(path, dict.fromkeys(pair, 1)))), (
                name,
                path,
                pair,
            )
            for parameter in pair:
                assert not any("not both" in hit for hit in _found(name, _put(path, {parameter: 1}))), (
                    name,
                    path,
                    parameter,
                )
    assert seen > 200


def test_the_lengths_are_those_of_the_local_stripe() -> None:
    differing: set[tuple[str, str, int | None, int]] = set()
    for name, path, schema in _every():
        operation = operations.find(name)
        assert operation is not None
        resource = operation.url.split("/")[2]
        at = ".".join(part for part in path if part != "[]")
        known = {**lengths._LIMITS["*"], **lengths._LIMITS.get(resource, {})}.get(at)
        own = schema.get(LIMITS, Limits()).longest
        if (
            own is not None
            and known is not None
            and operation.method == "post"
            and resource != "treasury"
            and own != known
        ):
            differing.add((name, at, own, known))
    assert differing == set()


def test_a_list_that_is_read_whole_may_ask_for_more_than_a_page() -> None:
    assert _found("customers.list", {"limit": 101}) == ["`limit` is from 1 up to 100, not 101"]
    assert _found("customers.list", {"limit": 101, "all": True}) == []
    assert _found("customers.list", {"limit": 101}, all_pages=True) == []


@pytest.mark.parametrize("kind", sorted(PREFIXES))
def test_an_id_of_another_kind_is_found(kind: str) -> None:
    other = "cus_1234abcd" if kind != "customer" else "pi_1234abcd"
    own = [f"{prefix}1234abcd" for prefix in PREFIXES[kind]]
    name = {"coupon": "subscriptions.create", "customer": "payment_intents.create"}.get(kind)
    at: dict[str, tuple[str, ...]] = {"coupon": ("discounts", "[]", "coupon"), "customer": ("customer",)}
    if name is None:
        names = [
            each for each in operations.names() if each.split(".")[-2] == f"{kind}s" and each.endswith(".retrieve")
        ]
        name = names[0]
    path = at.get(kind, ("id",))
    assert any("and this is one of a" in hit for hit in _found(name, _put(path, other)))
    for value in [*own, "SPRING25", "my-own_id", "x"]:
        assert not any("and this is one of a" in hit for hit in _found(name, _put(path, value))), value


def _errors(name: str, parameters: str) -> list[str]:
    text = f"name: T\ndescription: d\non: {{called: true}}\nsteps:\n  - {{stripe: {name}, with: {{{parameters}}}, idempotency_key: x}}\n"
    return [diagnostic.message for diagnostic in load(text, catalog=catalog()).diagnostics if diagnostic.code == "F137"]


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_currency_has_its_smallest_and_largest_charge(currency: str) -> None:
    step = {0: 1, 2: 100 if currency in {"isk", "ugx"} else 1, 3: 10}[exponent(currency)]
    smallest = -(-SMALLEST_CHARGE.get(currency, 1) // step) * step
    largest = LARGEST_CHARGE.get(currency, MAX_CHARGE) // step * step
    for amount, refused in [(smallest, False), (smallest - step, True), (largest, False), (largest + step, True)]:
        errors = _errors("payment_intents.create", f"amount: {amount}, currency: {currency}")
        assert bool(errors) is refused, (amount, errors)
    assert _errors("refunds.create", f"payment_intent: pi_1, amount: {step}, currency: {currency}") == []
    if step > 1:
        assert (
            "ends in 0" in _errors("prices.create", f"currency: {currency}, unit_amount: {largest + 1}, product: p")[0]
        )


_SAMPLES = {
    "subscription_data": "{description: x}", "setup_intent_data": "{description: x}", "payment_intent_data": "{description: x}",
    "invoice_creation": "{enabled: true}", "customer_creation": "always", "line_items": "[{price: price_1, quantity: 1}]",
    "success_url": "https://a.example", "cancel_url": "https://a.example", "return_url": "https://a.example",
    "duration_in_months": "3", "days_until_due": "3", "due_date": "1800000000", "off_session": "true",
    "error_on_requires_action": "true", "currency": "usd", "payment_method_collection": "always",
}  # fmt: skip
"""A value of each parameter that another one decides about."""
CHOSEN = [
    pytest.param(name, choice, value, id=f"{name} {choice.parameter} {value}")
    for name, choices in CHOICES.items()
    for choice in choices
    for value in choice.values
]


@pytest.mark.parametrize(("name", "choice", "value"), CHOSEN)
def test_what_a_parameter_decides_about_others_is_found(name: str, choice: Choice, value: Any) -> None:
    chosen = "" if value is None else f"{choice.parameter}: {str(value).lower()}, "
    needed = f"{choice.needs[0]}: {_SAMPLES[choice.needs[0]]}, " if choice.needs else ""
    assert not any("Stripe takes no" in error or "Stripe needs" in error for error in _errors(name, chosen + needed))
    for parameter in choice.without:
        errors = _errors(name, f"{chosen}{needed}{parameter}: {_SAMPLES[parameter]}")
        assert any(f"Stripe takes no `{parameter}`" in error for error in errors), (parameter, errors)
    for needed_name in choice.needs:
        assert any(f"`{needed_name}`" in error and "Stripe needs" in error for error in _errors(name, chosen)), (
            needed_name
        )
        assert not any(
            "Stripe needs" in error for error in _errors(name, f"{chosen}{needed_name}: {_SAMPLES[needed_name]}")
        ), needed_name


WRONG = [
    ("checkout.sessions.create", "mode: payment, success_url: /thanks", "`success_url` is a whole address"),
    ("checkout.sessions.create", 'mode: payment, success_url: "/thanks/${{ inputs.x }}"', "`success_url` is a whole address"),
    ("checkout.sessions.create", "mode: payment, success_url: localhost/thanks", "`success_url` is a whole address"),
    ("checkout.sessions.create", "mode: payment, customer: cus_1, customer_email: a@b.co", "`customer` or `customer_email`"),
    ("checkout.sessions.create", "mode: payment, allow_promotion_codes: true, discounts: [{coupon: X}]", "not both"),
    ("checkout.sessions.create", "mode: payment, line_items: [{quantity: 2, price_data: {currency: usd, unit_amount: 20, product: prod_1}}]", "these items are 40"),
    ("checkout.sessions.create", "mode: payment, line_items: [{quantity: 1, price: prod_1234abcd}]", "this is one of a product"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_end: 5, trial_period_days: 3", "not both"),
    ("subscriptions.update", "id: cus_1234abcd, cancel_at_period_end: true", "`id` is the id of a subscription"),
    ("prices.create", "currency: usd, product: prod_1, unit_amount: 5, recurring: {interval: month, interval_count: 37}", "at most 36 months"),
    ("prices.create", "currency: usd, product: prod_1, unit_amount: 5, currency_options: {kwd: {unit_amount: 1001}}", "an amount in kwd"),
    ("prices.create", "currency: usd, product: prod_1, unit_amount: 5, currency_options: {euro: {unit_amount: 1000}}", "no currency 'euro'"),
    ("payouts.create", "currency: huf, amount: 1050", "an amount in huf ends in 00"),
    ("payouts.list", "limit: 500", "`limit` is from 1 up to 100"),
    ("prices.list", "currency: euro", "no currency 'euro'"),
    ("accounts.create", "default_currency: dollar, country: USA", "no currency 'dollar'"),
    ("accounts.create", "country: USA, type: express", "the two letters of a country"),
    ("coupons.create", "percent_off: 120", "`percent_off` is above 0 up to 100"),
    ("coupons.create", "percent_off: 10, amount_off: 100, currency: usd", "not both"),
    ("customers.create", "email: ada at example", "`email` is an address"),
    ("customers.create", "email: a@b.co, description: " + "x" * 5001, "at most 5000 characters"),
    ("refunds.create", "payment_intent: ch_1234abcd", "this is one of a charge"),
    ("refunds.create", "payment_intent: pi_1, charge: ch_1", "`charge` or `payment_intent`"),
    ("checkout.sessions.create", "mode: payment, line_items: [{quantity: 0, price: price_1}]", "`quantity` is 1 or more"),
    ("checkout.sessions.create", "mode: payment, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product: prod_1, recurring: {interval: month}}}]", "takes no recurring price"),
    ("checkout.sessions.create", "mode: subscription, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product: prod_1}}]", "needs a recurring price"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_period_days: 731", "up to 730"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters", "message"), WRONG)
def test_finds(name: str, parameters: str, message: str) -> None:
    errors = _errors(name, parameters)
    assert any(message in error for error in errors), errors


RIGHT = [
    ("checkout.sessions.create", 'mode: payment, line_items: [{price: price_1, quantity: 1}], customer: "${{ inputs?.c }}", customer_email: a@b.co'),
    ("checkout.sessions.create", 'mode: payment, line_items: [{price: price_1, quantity: 1}], success_url: "${{ env.SITE_URL }}/thanks?session_id={CHECKOUT_SESSION_ID}"'),
    ("checkout.sessions.create", "mode: payment, success_url: 'myapp://thanks', line_items: [{quantity: 3, price_data: {currency: usd, unit_amount: 20, product: prod_1}}]"),
    ("checkout.sessions.create", "mode: payment, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 0, product: prod_1}}]"),
    ("subscriptions.update", "id: sub_1, cancel_at_period_end: false, cancel_at: 1800000000"),
    ("subscriptions.update", "id: sub_1, discounts: '', cancel_at: ''"),
    ("customers.create", "name: X, address: {country: Germany}, phone: '', email: ''"),
    ("charges.list", "payment_intent: pi_1, customer: cus_1"),
    ("prices.create", "currency: usd, product: gold-plan, unit_amount: 0, recurring: {interval: month, interval_count: 36}"),
    ("prices.create", "currency: USD, product: p, unit_amount: 5, currency_options: {kwd: {unit_amount: 1010}}"),
    ("payment_intents.create", "amount: 50, currency: usd, payment_method: pm_card_visa, confirm: true"),
    ("payment_intents.create", "amount: 17550, currency: huf, metadata: {customer: pi_1234abcd, url: /x}"),
    ("checkout.sessions.create", 'mode: "${{ inputs.x }}", line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product: prod_1}}], subscription_data: {description: x}'),
    ("checkout.sessions.create", "mode: subscription, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product: prod_1}}, {price: price_1, quantity: 1}]"),
    ("checkout.sessions.create", "mode: subscription, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product: prod_1, recurring: {interval: month}}}]"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_period_days: 730"),
    ("payment_intents.create", 'amount: 50, currency: usd, confirm: "${{ inputs.x }}", off_session: true'),
    ("payment_intents.create", "amount: 50, currency: usd, off_session: false"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "parameters"), RIGHT)
def test_says_nothing_about(name: str, parameters: str) -> None:
    assert _errors(name, parameters) == []


def test_each_place_has_one_finding_and_it_is_at_the_value() -> None:
    text = """name: T
description: d
on: {manual: true}
steps:
  - stripe: payment_intents.create
    with:
      amount: 100
      currency: eurr
      statement_descriptor: "<< far too long for Stripe >>"
    idempotency_key: x
"""
    diagnostics = [diagnostic for diagnostic in load(text, catalog=catalog()).diagnostics if diagnostic.code == "F137"]
    assert [diagnostic.format().split(":")[1] for diagnostic in diagnostics] == ["8", "9"]
