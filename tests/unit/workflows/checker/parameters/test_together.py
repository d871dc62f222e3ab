"""Parameters that go together only: what another one needs, fees of Connect, currencies, moments, and `expand`."""

from __future__ import annotations

import pytest
from tests.unit.connectors.stripe.test_moved_names import errors

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.limits import NEEDED, ONE_OF

_LINES = "line_items: [{price: price_1, quantity: 1}]"
_URL = "success_url: https://shop.example"
_CONNECT = "amount: 1000, currency: usd, application_fee_amount"


def said(action: str, params: str, more: str = "", after: str = "") -> str:
    """Return what the checker says of one step."""
    step = f"  - id: r\n    stripe: {action}\n    with: {{{params}}}\n{more}{after}"
    return "\n".join(errors(f"on: {{manual: true}}\nsteps:\n{step}"))


WRONG = [
    ("coupons.create", "amount_off: 500", "needs `currency` with `amount_off`"),
    ("prices.create", "product: prod_1, currency: usd, billing_scheme: tiered", "needs `tiers` with `billing_scheme: tiered`"),
    ("prices.create", "product: prod_1, currency: usd, tiers: [{up_to: inf, unit_amount: 5}]", "needs `tiers_mode` with `tiers`"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 100, recurring: {interval: month, usage_type: metered}", "needs `meter` with `usage_type: metered`"),
    ("promotion_codes.create", "promotion: {type: coupon, coupon: X}, restrictions: {minimum_amount: 100}", "needs `minimum_amount_currency` with `minimum_amount`"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, {_LINES}, custom_fields: [{{key: a, label: {{type: custom, custom: A}}, type: dropdown}}]", "needs `dropdown` with `type: dropdown`"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, {_LINES}, customer_update: {{address: auto}}", "needs `customer` with `customer_update`"),
    ("account_links.create", "account: acct_1, type: account_onboarding, return_url: https://a.example", "needs `refresh_url` with `type: account_onboarding`"),
    ("account_links.create", "account: acct_1, type: account_onboarding, refresh_url: https://a.example", "needs `return_url` with `type: account_onboarding`"),
    ("payment_methods.attach", "id: pm_1", "needs `customer`"),
    ("credit_notes.create", "invoice: in_1", "needs `amount`"),
    ("refunds.create", "amount: 100", "needs `payment_intent`"),
    ("prices.create", "unit_amount: 100, currency: usd", "needs `product`"),
    ("subscription_schedules.create", "customer: cus_1", "needs `phases`"),
    ("subscriptions.create", "items: [{price: price_1}]", "needs `customer`"),
    ("billing_portal.sessions.create", "return_url: https://shop.example/", "needs `customer`"),
    ("checkout.sessions.create", f"{_URL}, {_LINES}", "needs `mode`"),
    ("coupons.create", "duration: once", "needs `percent_off`"),
    ("customer_sessions.create", "components: {pricing_table: {enabled: true}}", "needs `customer`"),
    ("invoice_items.create", "amount: 100, currency: usd", "needs `customer`"),
    ("invoices.create", "auto_advance: true", "needs `customer`"),
    ("payment_intents.create", f"{_CONNECT}: 100", "names none"),
    ("payment_intents.create", f"{_CONNECT}: 1001, transfer_data: {{destination: acct_1}}", "1001 is more than 1000"),
    ("payment_intents.create", f"{_CONNECT}: 100, transfer_data: {{destination: acct_1, amount: 900}}", "`transfer_data.amount`, not both"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, {_LINES}, payment_intent_data: {{application_fee_amount: 5}}", "names none"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, line_items: [{{quantity: 1, price_data: {{currency: usd, unit_amount: 100, product: prod_1}}}}, {{quantity: 1, price_data: {{currency: eur, unit_amount: 100, product: prod_1}}}}]", "this is eur after usd"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_end: 1798675200000", "write 1798675200"),
    ("checkout.sessions.create", f"mode: payment, {_LINES}, success_url: 'https://a.example/?s={{SESSION_ID}}'", "not {SESSION_ID}"),
    ("checkout.sessions.create", f"mode: payment, {_LINES}, success_url: '${{{{ env.SITE_URL }}}}/?s=${{CHECKOUT_SESSION_ID}}'", "write {CHECKOUT_SESSION_ID}"),
    ("invoices.retrieve", "id: in_1, expand: [subscription]", "read `parent?.subscription_details?.subscription`"),
    ("invoices.retrieve", "id: in_1, expand: [payment_intent]", "expand `payments`"),
    ("payment_intents.retrieve", "id: pi_1, expand: [charges]", "read `latest_charge`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], expand: [latest_invoice.payment_intent]", "there is no `payment_intent` in `latest_invoice.payment_intent`"),
    ("subscriptions.retrieve", "id: sub_1, expand: [latest_invioce]", "did you mean 'latest_invoice'?"),
    ("charges.list", "expand: [customer]", "write data.customer"),
    ("charges.list", "expand: [data.customr]", "did you mean 'customer'?"),
    ("invoices.retrieve", "id: in_1, expand: [customer.default_source.customer.default_source.customer]", "expands 4 levels"),
]  # fmt: skip
RIGHT = [
    ("coupons.create", "amount_off: 500, currency: usd"),
    ("coupons.create", "percent_off: 50"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 100, recurring: {interval: month, usage_type: licensed}"),
    ("prices.create", "product_data: {name: Mug}, currency: usd, unit_amount: 100"),
    ("checkout.sessions.create", f"mode: setup, currency: usd, {_URL}"),
    ("checkout.sessions.create", f"mode: payment, {_LINES}, success_url: '${{{{ env.SITE_URL }}}}/?s={{CHECKOUT_SESSION_ID}}'"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, {_LINES}, custom_fields: [{{key: a, label: {{type: custom, custom: A}}, type: text}}]"),
    ("checkout.sessions.create", f"mode: payment, {_URL}, {_LINES}, payment_intent_data: {{application_fee_amount: 5, transfer_data: {{destination: acct_1}}}}"),
    ("payment_intents.create", f"{_CONNECT}: 1000, transfer_data: {{destination: acct_1}}"),
    ("payment_intents.create", f"{_CONNECT}: 0"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_end: 1798675200"),
    ("subscription_schedules.create", "from_subscription: sub_1"),
    ("refunds.create", "charge: ch_1"),
    ("charges.list", "expand: [data.customer, data.balance_transaction]"),
    ("invoices.retrieve", "id: in_1, expand: [payments.data.payment.payment_intent, confirmation_secret]"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], expand: [latest_invoice.confirmation_secret]"),
    ("invoices.retrieve", "id: in_1, expand: [customer.default_source.customer.default_source]"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "params", "message"), WRONG)
def test_what_stripe_would_refuse_is_found(action: str, params: str, message: str) -> None:
    assert message in said(action, params)


@pytest.mark.parametrize(("action", "params"), RIGHT)
def test_what_stripe_takes_is_taken(action: str, params: str) -> None:
    assert not said(action, params)


def test_what_stripe_needs_may_be_any_of_several() -> None:
    assert not said("invoices.create", "customer: cus_1, collection_method: send_invoice, days_until_due: 3")
    assert "needs `days_until_due` or `due_date`" in said(
        "invoices.create", "customer: cus_1, collection_method: send_invoice"
    )


def test_every_row_of_the_tables_has_an_example() -> None:
    for action, rows in NEEDED.items():
        for row in rows:
            assert any(name == action and f"`{row.needs}` with `{row.parameter}" in text for name, _, text in WRONG), (
                row
            )
    for action, names in ONE_OF.items():
        operation = operations.find(action)
        assert operation is not None
        assert names[0] in operation.params()["properties"]
        assert any(name == action and f"needs `{names[0]}`" in text for name, _, text in WRONG), action


def test_a_direct_charge_names_the_account_beside_its_parameters() -> None:
    assert not said("payment_intents.create", f"{_CONNECT}: 100", "    account: acct_1\n")


@pytest.mark.parametrize(
    ("action", "params", "read", "hint"),
    [
        ("payment_intents.retrieve", "id: pi_1", "r.latest_charge.receipt_url", "add `expand: [latest_charge]` to the call"),
        ("payment_intents.retrieve", "id: pi_1, expand: [customer]", "r.latest_charge.receipt_url", "add `expand: [latest_charge]`"),
        ("payment_intents.retrieve", "id: pi_1, expand: [latest_charge]", "r.latest_charge?.receipt_url", None),
        ("payment_intents.retrieve", "id: pi_1, expand: '${{ [run.id] }}'", "r.latest_charge?.receipt_url", None),
        ("payment_intents.retrieve", "id: pi_1", "r.latest_charge", None),
        ("charges.list", "limit: 5", "r.data.map(c, c.customer.email)", "add `expand: [customer]`"),
        ("charges.list", "limit: 5, expand: [data.balance_transaction]", "r.data.map(c, c.balance_transaction?.fee)", None),
    ],
)  # fmt: skip
def test_a_field_that_is_not_expanded_is_an_id(action: str, params: str, read: str, hint: str | None) -> None:
    text = said(action, params, after=f"  - log: ${{{{ json({read}) }}}}\n")
    assert hint in text if hint else not text
