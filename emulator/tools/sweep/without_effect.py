"""Parameters that nothing here reads and that are taken all the same, with the reason."""

from __future__ import annotations

NO_MAIL = "the local Stripe sends no mail"
NO_RADAR = "no rule of Radar looks at where a payment comes from"
ONE_FEATURE = "transactions are all that can be subscribed to"
SHOWN_NOWHERE = "needed, and shown nowhere"
TESTED_ANYWAY = "test cards are always checked"

_EXTRA = {
    "add_invoice_items[].discounts[].coupon": "read together with a price",
    "add_invoice_items[].period.end.type": "a period has its own time or begins now",
    "add_invoice_items[].period.start.type": "a period has its own time or begins now",
}

_NEW_ITEM = {"items[].discounts[].coupon": "read together with a price"}
_ITEM = {
    **_NEW_ITEM,
    "items[].clear_usage": "read together with an item's id",
    "items[].deleted": "read together with an item's id",
}

WITHOUT_EFFECT: dict[str, dict[str, str]] = {
    "POST /v1/account_links": {
        "collect": "the onboarding page asks for nothing",
        "collection_options.fields": "the onboarding page asks for nothing",
        "collection_options.future_requirements": "the onboarding page asks for nothing",
        "refresh_url": "a link that expired shows a message",
        "type": "there is one onboarding page",
    },
    "POST /v1/charges": {"radar_options.session": NO_RADAR},
    "POST /v1/credit_notes": {"email_type": NO_MAIL},
    "GET /v1/credit_notes/preview": {"email_type": NO_MAIL},
    "GET /v1/credit_notes/preview/lines": {"email_type": NO_MAIL},
    "POST /v1/customers": {"tax.validate_location": "no address is looked up", "validate": TESTED_ANYWAY},
    "POST /v1/customers/{customer}": {"tax.validate_location": "no address is looked up", "validate": TESTED_ANYWAY},
    "POST /v1/customers/{customer}/sources": {"validate": TESTED_ANYWAY},
    "POST /v1/ephemeral_keys": {"nonce": "keys are not bound to a page"},
    "POST /v1/invoices/create_preview": {
        "customer_details.tax.ip_address": "no address is looked up",
        **{f"subscription_details.{name}": why for name, why in _ITEM.items()},
    },
    "POST /v1/payment_intents": {"radar_options.referrer": NO_RADAR, "radar_options.session": NO_RADAR},
    "POST /v1/payment_intents/{intent}/confirm": {
        "radar_options.referrer": NO_RADAR,
        "radar_options.session": NO_RADAR,
    },
    "POST /v1/payment_intents/{intent}/capture": {"final_capture": "a payment is captured once"},
    "POST /v1/checkout/sessions": {"payment_method_data.allow_redisplay": "read when the page saves a method"},
    "POST /v1/financial_connections/accounts/{account}/subscribe": {"features[]": ONE_FEATURE},
    "POST /v1/financial_connections/accounts/{account}/unsubscribe": {"features[]": ONE_FEATURE},
    "POST /v1/payment_records/{id}/report_payment_attempt_canceled": {"canceled_at": SHOWN_NOWHERE},
    "POST /v1/payment_records/{id}/report_payment_attempt_failed": {"failed_at": SHOWN_NOWHERE},
    "POST /v1/payment_records/{id}/report_payment_attempt_guaranteed": {"guaranteed_at": SHOWN_NOWHERE},
    "POST /v1/three_d_secure/authentications/{authentication}/submit": {
        "fingerprinting_result": "no browser is looked at"
    },
    "POST /v1/payment_records/report_payment": {
        "canceled.canceled_at": SHOWN_NOWHERE,
        "failed.failed_at": SHOWN_NOWHERE,
        "guaranteed.guaranteed_at": SHOWN_NOWHERE,
        "initiated_at": SHOWN_NOWHERE,
    },
    "POST /v1/payment_methods": {
        "interac_present": "a card at a reader has no details",
        "radar_options.session": NO_RADAR,
    },
    "POST /v1/payment_methods/{payment_method}": {
        "us_bank_account.account_holder_type": "read for a bank account",
        "us_bank_account.account_type": "read for a bank account",
    },
    "POST /v1/prices": {"transfer_lookup_key": "read when another price has the key"},
    "POST /v1/prices/{price}": {"transfer_lookup_key": "read when another price has the key"},
    "POST /v1/refunds": {"customer": "read together with `origin`"},
    "POST /v1/subscription_schedules/{schedule}": {"proration_behavior": "read together with the phases"},
    "POST /v1/subscription_schedules/{schedule}/release": {
        "preserve_cancel_date": "a schedule sets no date to cancel at"
    },
    "POST /v1/subscriptions": {**_EXTRA, **_NEW_ITEM},
    "POST /v1/subscriptions/{subscription_exposed_id}": {**_EXTRA, **_ITEM},
    "POST /v1/test_helpers/confirmation_tokens": {
        "payment_method_options.card.installments.plan.type": "no card here pays in installments"
    },
    "POST /v1/tokens": {
        "bank_account.account_type": "a token shows no type of account",
        "bank_account.payment_method": "a token is made of the number",
        "cvc_update.cvc": "a token does not show its secret",
        "pii.id_number": "a token does not show its secret",
    },
}
"""By operation: a parameter to why it changes nothing, or only together with others."""
