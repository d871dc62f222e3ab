"""What Stripe answers an operation on an object of the smaller products, or of one that was deleted."""

from __future__ import annotations

from emulator.tests.integration.errors.wrong_states import BILLING, PAYMENTS, Row, twice

_GONE = "The account is disconnected and cannot be used."
_MISSING = {"status": 404, "code": "resource_missing"}


def _deleted(operation: str, on: str, noun: str, param: str, message: str = "") -> Row:
    """Return the row of an object that is deleted a second time."""
    return twice(operation, on, message or f"No such {noun}: '@{on}'", param=param, **_MISSING)


DELETED = (
    _deleted("DELETE /v1/accounts/{account}", "account", "account", "account"),
    _deleted("DELETE /v1/apple_pay/domains/{domain}", "apple_domain", "apple_pay_domain", "domain"),
    _deleted("DELETE /v1/coupons/{coupon}", "coupon", "coupon", "coupon"),
    _deleted("DELETE /v1/customers/{customer}", "customer", "customer", "id"),
    _deleted(
        "DELETE /v1/invoiceitems/{invoiceitem}",
        "invoiceitem",
        "",
        "id",
        "No such Invoice Item: '@invoiceitem'(livemode=false)",
    ),
    _deleted("DELETE /v1/plans/{plan}", "plan", "plan", "plan"),
    _deleted("DELETE /v1/radar/value_lists/{value_list}", "value_list", "value_list", "value_list"),
    _deleted("DELETE /v1/radar/value_list_items/{item}", "value_list_item", "value_list_item", "item"),
    _deleted("DELETE /v1/tax_ids/{id}", "tax_id", "tax_id", "id"),
    _deleted("DELETE /v1/test_helpers/test_clocks/{test_clock}", "test_clock", "billingclock", "test_clock"),
    _deleted(
        "DELETE /v1/webhook_endpoints/{webhook_endpoint}", "webhook_endpoint", "webhook endpoint", "webhook_endpoint"
    ),
    Row(
        "DELETE /v1/products/{id}",
        "product",
        "This product cannot be deleted because it has one or more user-created prices.",
        before=(("GET /v1/prices/@price", None),),
    ),
    Row(
        "DELETE /v1/customers/{customer}/discount",
        "customer",
        "No active discount for customer: @customer",
        **_MISSING,
    ),
    Row(
        "DELETE /v1/subscriptions/{subscription_exposed_id}/discount",
        "subscription",
        "No active discount for subscription: @subscription",
        **_MISSING,
    ),
    *(
        Row(
            operation,
            "",
            "No such customer: '@customer'",
            before=(("DELETE /v1/customers/@customer", None),),
            params=params,
            status=status,
            code="resource_missing",
            param="customer",
        )
        for operation, params, status in (
            ("POST /v1/payment_intents", {"amount": 900, "currency": "usd", "customer": "@customer"}, 400),
            ("POST /v1/setup_intents", {"customer": "@customer"}, 400),
            ("POST /v1/invoices", {"customer": "@customer"}, 400),
            ("POST /v1/billing_portal/sessions", {"customer": "@customer"}, 400),
            ("POST /v1/subscriptions", {"customer": "@customer", "items": [{"price": "@monthly"}]}, 404),
        )
    ),
)
"""Objects that were deleted, and what they are deleted by."""

SMALLER = (
    Row("POST /v1/accounts/{account}/unreject", "account", "This account is not rejected."),
    Row(
        "POST /v1/accounts/{account}/login_links",
        "account",
        "Cannot create a login link for an account that is not an Express account.",
    ),
    Row("POST /v1/billing/alerts/{id}/activate", "alert", "This alert is active: you cannot activate it."),
    twice("POST /v1/billing/alerts/{id}/archive", "alert", "This alert is archived: you cannot archive it."),
    twice("POST /v1/billing/alerts/{id}/deactivate", "alert", "This alert is inactive: you cannot deactivate it."),
    twice(
        "POST /v1/billing/credit_grants/{id}/expire",
        "credit_grant",
        "This credit grant has expired and cannot be expired.",
    ),
    twice(
        "POST /v1/billing/credit_grants/{id}/void", "credit_grant", "This credit grant was voided and cannot be voided."
    ),
    twice(
        "POST /v1/billing/feedback_options/{id}/deactivate",
        "feedback_option",
        "This feedback option is inactive already.",
    ),
    Row(
        "POST /v1/billing/feedback_options/{id}",
        "feedback_option",
        "An inactive feedback option cannot be changed.",
        before=(("POST /v1/billing/feedback_options/@feedback_option/deactivate", None),),
        params={"description": "x"},
    ),
    twice("POST /v1/billing/meters/{id}/deactivate", "meter", "The meter is inactive already."),
    Row("POST /v1/billing/meters/{id}/reactivate", "meter", "The meter is active already."),
    *(
        Row(
            f"POST /v1/financial_connections/accounts/{{account}}/{verb}",
            "linked_account",
            _GONE,
            before=(("POST /v1/financial_connections/accounts/@linked_account/disconnect", None),),
            params=params,
            code="financial_connections_account_inactive",
        )
        for verb, params in (
            ("disconnect", None),
            ("refresh", {"features": ["balance"]}),
            ("subscribe", {"features": ["transactions"]}),
            ("unsubscribe", {"features": ["transactions"]}),
        )
    ),
    twice(
        "POST /v1/invoice_rendering_templates/{template}/archive",
        "template",
        "This invoice rendering template is archived already.",
    ),
    Row(
        "POST /v1/invoice_rendering_templates/{template}/unarchive",
        "template",
        "This invoice rendering template is active already.",
    ),
    Row(
        "POST /v1/payment_records/{id}/report_payment_attempt",
        "payment_record",
        "The latest attempt of this payment record is pending: there can be no further one.",
        params={"initiated_at": 1700000001},
    ),
    *(
        twice(
            f"POST /v1/payment_records/{{id}}/report_payment_attempt_{outcome}",
            "payment_record",
            f"The latest attempt of this payment record is {outcome} already.",
            params={f"{outcome}_at": 1700000000},
        )
        for outcome in ("canceled", "failed", "guaranteed")
    ),
    Row(
        "POST /v1/payment_records/{id}/report_refund",
        "payment_record",
        "Only a payment that was guaranteed can be refunded.",
        params={
            "outcome": "refunded",
            "processor_details": {"type": "custom", "custom": {"refund_reference": "x"}},
            "refunded": {"refunded_at": 1700000000},
        },
    ),
    twice(
        "POST /v1/products/{product}/features",
        "product",
        "The product has this feature already.",
        params={"entitlement_feature": "@feature"},
        code="resource_already_exists",
        param="entitlement_feature",
    ),
    Row(
        "POST /v1/test_helpers/test_clocks/{test_clock}/advance",
        "test_clock",
        "The new `frozen_time` must be after the clock's current one; test clocks cannot go back.",
        params={"frozen_time": "@now-100"},
        param="frozen_time",
    ),
)
"""The smaller products."""

ROWS = (*PAYMENTS, *BILLING, *DELETED, *SMALLER)

ANY_STATE = {
    "POST /v1/accounts/{account}/external_accounts": "adds to the account",
    "POST /v1/accounts/{account}/persons": "adds to the account",
    "POST /v1/accounts/{account}/reject": "can be said again",
    "POST /v1/apps/installs/{id}": "sets metadata",
    "POST /v1/apps/installs/{id}/uninstall": "an app that is gone is missing",
    "POST /v1/billing/meters/{id}": "sets the name",
    "POST /v1/charges/{charge}": "sets texts",
    "POST /v1/credit_notes/{id}": "sets the memo",
    "POST /v1/customers/{customer}/balance_transactions": "adds to the customer",
    "POST /v1/customers/{customer}/cash_balance": "sets how transfers are applied",
    "POST /v1/customers/{customer}/funding_instructions": "adds to the customer",
    "POST /v1/customers/{customer}/sources": "adds to the customer",
    "POST /v1/customers/{customer}/tax_ids": "adds to the customer",
    "POST /v1/payment_method_domains/{payment_method_domain}/validate": "can be asked again",
    "POST /v1/payment_records/{id}/report_payment_attempt_informational": "sets what is known",
    "POST /v1/payouts/{payout}": "sets metadata",
    "POST /v1/refunds/{refund}": "sets metadata",
    "POST /v1/reviews/{review}/approve": "an approved review can be approved again",
    "POST /v1/sources/{source}/verify": "card sources need no verification",
    "POST /v1/test_helpers/customers/{customer}/fund_cash_balance": "adds to the customer",
    "POST /v1/topups/{topup}": "sets metadata",
    "DELETE /v1/accounts/{account}/external_accounts/{id}": "its object is missing afterwards",
    "DELETE /v1/accounts/{account}/persons/{person}": "its object is missing afterwards",
    "DELETE /v1/customers/{customer}/sources/{id}": "its object is missing afterwards",
    "DELETE /v1/customers/{customer}/tax_ids/{id}": "its object is missing afterwards",
    "DELETE /v1/ephemeral_keys/{key}": "its object is missing afterwards",
    "DELETE /v1/products/{product}/features/{id}": "its object is missing afterwards",
}
"""Operations that no state of their object forbids, and why."""
