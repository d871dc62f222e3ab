"""What parameters say about each other: every row of the table, broken and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import stripe

from payloom_emulator.protocol.errors import StripeError
from payloom_emulator.protocol.param_types import TypeNode, operations, type_of
from payloom_emulator.runtime.requests import relations

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from payloom_emulator.embedded import RunningEmulator

LINE: dict[str, object] = {"price": "price_1", "quantity": 3}
FIELD: dict[str, object] = {"key": "a", "label": {"type": "custom", "custom": "A"}}
BROKEN: list[tuple[str, Mapping[str, object], str]] = [
    ("/v1/accounts", {"country": "Germany"}, "country"),
    ("/v1/billing_portal/sessions", {"return_url": "/account"}, "return_url"),
    ("/v1/charges", {"receipt_email": "nobody"}, "receipt_email"),
    ("/v1/coupons", {"id": "SUMMER SALE"}, "id"),
    ("/v1/coupons", {"max_redemptions": 0}, "max_redemptions"),
    ("/v1/customers", {"invoice_prefix": "ab"}, "invoice_prefix"),
    ("/v1/invoiceitems", {"period": {"start": 2, "end": 1}}, "period[end]"),
    ("/v1/invoiceitems", {"amount": 5, "unit_amount_decimal": "5"}, "amount"),
    ("/v1/invoices", {"custom_fields": [{"name": "a", "value": "b"}] * 5}, "custom_fields"),
    ("/v1/invoices", {"days_until_due": 3, "due_date": 1900000000}, "days_until_due"),
    ("/v1/payment_intents", {"receipt_email": "nobody"}, "receipt_email"),
    ("/v1/payment_intents", {"amount": 5, "transfer_data": {"amount": 6}}, "amount"),
    ("/v1/payment_intents", {"amount": 5, "application_fee_amount": 6}, "amount"),
    ("/v1/payment_links", {"after_completion": {"type": "redirect"}}, "after_completion[redirect]"),
    ("/v1/payment_links", {"subscription_data": {"trial_period_days": 0}}, "subscription_data[trial_period_days]"),
    ("/v1/prices", {"custom_unit_amount": {"minimum": 9, "maximum": 5}}, "custom_unit_amount[maximum]"),
    ("/v1/prices", {"custom_unit_amount": {"minimum": 9, "preset": 5}}, "custom_unit_amount[preset]"),
    ("/v1/prices", {"custom_unit_amount": {"preset": 9, "maximum": 5}}, "custom_unit_amount[maximum]"),
    ("/v1/products", {"id": "a b"}, "id"),
    ("/v1/promotion_codes", {"max_redemptions": -1}, "max_redemptions"),
    ("/v1/refunds", {"charge": "ch_1", "payment_intent": "pi_1"}, "charge"),
    ("/v1/shipping_rates", {"delivery_estimate": {"minimum": {"value": 9}, "maximum": {"value": 5}}}, "delivery_estimate[maximum][value]"),
    ("/v1/subscriptions", {"billing_cycle_anchor_config": {"day_of_month": 32}}, "billing_cycle_anchor_config[day_of_month]"),
    ("/v1/subscriptions", {"billing_cycle_anchor_config": {"day_of_month": 0}}, "billing_cycle_anchor_config[day_of_month]"),
    ("/v1/subscriptions", {"billing_cycle_anchor": 5, "billing_cycle_anchor_config": {"day_of_month": 3}}, "billing_cycle_anchor"),
    ("/v1/checkout/sessions", {"discounts": [{"coupon": "A"}, {"coupon": "B"}]}, "discounts"),
    ("/v1/checkout/sessions", {"discounts": [{"coupon": "A", "promotion_code": "promo_1"}]}, "discounts[0][coupon]"),
    ("/v1/checkout/sessions", {"subscription_data": {"trial_end": 5, "trial_period_days": 5}}, "subscription_data[trial_end]"),
    ("/v1/checkout/sessions", {"subscription_data": {"trial_period_days": 731}}, "subscription_data[trial_period_days]"),
    ("/v1/checkout/sessions", {"subscription_data": {"application_fee_percent": 100.5}}, "subscription_data[application_fee_percent]"),
    *(
        row
        for path in ("/v1/checkout/sessions", "/v1/payment_links")
        for row in (
            (path, {"line_items": [LINE, {**LINE, "adjustable_quantity": {"minimum": 3, "maximum": 2}}]}, "line_items[1][adjustable_quantity][maximum]"),
            (path, {"line_items": [{**LINE, "adjustable_quantity": {"minimum": 4}}]}, "line_items[0][quantity]"),
            (path, {"line_items": [{**LINE, "adjustable_quantity": {"maximum": 2}}]}, "line_items[0][adjustable_quantity][maximum]"),
            (path, {"custom_fields": [{**FIELD, "type": "dropdown"}]}, "custom_fields[0][dropdown]"),
            (path, {"custom_fields": [{**FIELD, "key": "a b"}]}, "custom_fields[0][key]"),
            (path, {"custom_fields": [FIELD, FIELD]}, "custom_fields[1][key]"),
            (path, {"custom_fields": [{**FIELD, "text": {"minimum_length": 9, "maximum_length": 5}}]}, "custom_fields[0][text][maximum_length]"),
            (path, {"custom_fields": [{**FIELD, "numeric": {"minimum_length": 9, "maximum_length": 5}}]}, "custom_fields[0][numeric][maximum_length]"),
        )
    ),
]  # fmt: skip
KEPT: list[tuple[str, Mapping[str, object]]] = [
    ("/v1/checkout/sessions", {"line_items": [{**LINE, "adjustable_quantity": {"minimum": 3, "maximum": 3}}]}),
    ("/v1/checkout/sessions", {"custom_fields": [FIELD, {**FIELD, "key": "b", "type": "dropdown", "dropdown": {"options": []}}]}),
    ("/v1/checkout/sessions", {"subscription_data": {"trial_period_days": 730, "application_fee_percent": 100}}),
    ("/v1/checkout/sessions", {"subscription_data": {"trial_period_days": 1, "application_fee_percent": 0}}),
    ("/v1/prices", {"custom_unit_amount": {"minimum": 5, "preset": 5, "maximum": 5}}),
    ("/v1/subscriptions", {"billing_cycle_anchor_config": {"day_of_month": 31}}),
    ("/v1/payment_links", {"after_completion": {"type": "hosted_confirmation"}}),
    ("/v1/coupons", {"id": "SUMMER-SALE_26", "max_redemptions": 1}),
    ("/v1/invoices", {"custom_fields": [{"name": "a", "value": "b"}] * 4, "days_until_due": 3, "due_date": ""}),
    ("/v1/customers", {"invoice_prefix": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "params", "param"), BROKEN)
def test_what_does_not_go_together_is_refused(path: str, params: Mapping[str, object], param: str) -> None:
    for door in (path, f"{path}/{{}}", f"{path}/{{}}/confirm"):
        with pytest.raises(StripeError) as refused:
            relations.check("POST", door, params)
        assert (refused.value.status, refused.value.param) == (400, param)
    relations.check("GET", path, params)


def _shares(node: TypeNode, *parents: str) -> Iterator[tuple[str, ...]]:
    """Yield the path of each percentage that is part of a payment."""
    if node.kind in {"a", "u"}:
        for ref in node.either or (node.item,):
            yield from _shares(type_of(ref), *parents)
    for name, ref in node.fields.items():
        if name in {"application_fee_percent", "amount_percent"}:
            yield (*parents, name)
        elif len(parents) < 3:
            yield from _shares(type_of(ref), *parents, name)


def _sent(value: float, name: str, *below: str) -> Mapping[str, object]:
    """Return the parameters with a value at a path. `phases` is a list."""
    inner = _sent(value, *below) if below else value
    return {name: [inner] if name == "phases" else inner}


_SHARES = sorted(
    {
        (path, names)
        for (method, path), node in operations().items()
        if method == "POST"
        for names in _shares(type_of(node))
        if names[0] != "schedule_details"  # answers 501
    }
)


@pytest.mark.parametrize(("path", "names"), _SHARES)
@pytest.mark.parametrize("percent", [-0.5, 100.5])
def test_a_share_of_a_payment_is_a_percentage(path: str, names: tuple[str, ...], percent: float) -> None:
    with pytest.raises(StripeError) as refused:
        relations.check("POST", path, _sent(percent, *names))
    assert str(refused.value.param).removesuffix("]").endswith(names[-1])


def test_every_operation_with_an_address_for_receipts_checks_it() -> None:
    doors = [path for (_, path), node in operations().items() if "receipt_email" in type_of(node).fields]
    assert len(doors) >= 6
    for path in doors:
        with pytest.raises(StripeError):
            relations.check("POST", path, {"receipt_email": "nobody"})


@pytest.mark.parametrize(("path", "params"), KEPT)
def test_what_goes_together_is_taken(path: str, params: Mapping[str, object]) -> None:
    relations.check("POST", path, params)


def _breaks(row: relations.Row, params: Mapping[str, object]) -> bool:
    try:
        row.check(params)
    except StripeError:
        return True
    return False


def test_every_row_has_an_example() -> None:
    examples = [(path, params) for path, params, _ in BROKEN]
    examples += [(path, _sent(100.5, *names)) for path, names in _SHARES]
    assert [
        (path, row)
        for path, rows in relations.ROWS.items()
        for row in rows
        if not any(_breaks(row, params) for of, params in examples if of == path)
    ] == []


def test_a_call_is_refused_before_it_changes_anything(stripe_emulator: RunningEmulator) -> None:
    client = stripe.StripeClient(stripe_emulator.secret_key, base_addresses={"api": stripe_emulator.url})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.coupons.create({"percent_off": 10, "id": "SUMMER SALE"})
    assert refused.value.param == "id"
    assert client.v1.coupons.list().data == []


def test_an_update_is_refused_as_the_creation_is(stripe_emulator: RunningEmulator) -> None:
    client = stripe.StripeClient(stripe_emulator.secret_key, base_addresses={"api": stripe_emulator.url})
    intent = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.update(intent.id, {"receipt_email": "nobody"})
    assert refused.value.param == "receipt_email"
    assert client.v1.payment_intents.retrieve(intent.id).receipt_email is None
