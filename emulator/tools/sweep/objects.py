"""The objects of the shop: the call that makes each. `@customer` stands for the id of the one of that name."""

from __future__ import annotations

from typing import Any

Params = dict[str, Any]

CARD: Params = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2034, "cvc": "123"}
HELD: Params = {
    "amount": 2000,
    "currency": "usd",
    "payment_method": "pm_card_visa",
    "confirm": True,
    "capture_method": "manual",
    "return_url": "https://shop.example/back",
    "payment_method_options": {"card": {"request_incremental_authorization": "if_available"}},
}
AUTHENTICATION: Params = {
    "amount": 500,
    "currency": "eur",
    "channel": {
        "type": "browser",
        "browser": {
            "accept_header": "*/*",
            "ip_address": "127.0.0.1",
            "javascript_enabled": True,
            "language": "en",
            "user_agent": "Mozilla/5.0",
        },
    },
    "message_category": "payment_authentication",
    "payment_method": "pm_card_visa",
}
CALCULATION: Params = {
    "currency": "usd",
    "customer_details": {"address": {"country": "DE"}, "address_source": "billing"},
    "line_items": [{"amount": 1000, "reference": "L1"}],
    "shipping_cost": {"amount": 100},
}
GRANT: Params = {
    "customer": "@customer",
    "amount": {"type": "monetary", "monetary": {"currency": "usd", "value": 500}},
    "applicability_config": {"scope": {"price_type": "metered"}},
}
RECORD: Params = {
    "amount_requested": {"currency": "usd", "value": 1000},
    "initiated_at": 1700000000,
    "payment_method_details": {"type": "custom"},
}
REGISTRATION: Params = {
    "active_from": "now",
    "country": "DE",
    "country_options": {"de": {"type": "standard", "standard": {"place_of_supply_scheme": "standard"}}},
}
TRIAL_OFFER: Params = {
    "price": "@monthly",
    "duration": {"type": "relative", "relative": {"iterations": 2}},
    "end_behavior": {"transition": {"price": "@monthly_2"}},
}
MADE: dict[str, tuple[str, Params]] = {
    "customer": ("/v1/customers", {"email": "ada@example.com", "name": "Ada", "source": "tok_visa"}),
    "customer_plain": ("/v1/customers", {"email": "eve@example.com"}),
    "payment_method": ("/v1/payment_methods/pm_card_visa/attach", {"customer": "@customer"}),
    "loose_method": ("/v1/payment_methods", {"type": "card", "card": {"token": "tok_visa"}}),
    "product": ("/v1/products", {"name": "Mug"}),
    "price": ("/v1/prices", {"product": "@product", "currency": "usd", "unit_amount": 700}),
    "monthly": (
        "/v1/prices",
        {"product": "@product", "currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}},
    ),
    "monthly_2": (
        "/v1/prices",
        {"product": "@product", "currency": "usd", "unit_amount": 1900, "recurring": {"interval": "month"}},
    ),
    "plan": ("/v1/plans", {"product": "@product", "currency": "usd", "amount": 900, "interval": "month"}),
    "coupon": ("/v1/coupons", {"percent_off": 10, "duration": "once"}),
    "promotion_code": ("/v1/promotion_codes", {"promotion": {"type": "coupon", "coupon": "@coupon"}}),
    "tax_rate": ("/v1/tax_rates", {"display_name": "VAT", "percentage": "19", "inclusive": False}),
    "shipping_rate": (
        "/v1/shipping_rates",
        {"display_name": "Post", "type": "fixed_amount", "fixed_amount": {"amount": 500, "currency": "usd"}},
    ),
    "account": (
        "/v1/accounts",
        {
            "type": "custom",
            "country": "US",
            "capabilities": {"transfers": {"requested": True}, "card_payments": {"requested": True}},
        },
    ),
    "charge": ("/v1/charges", {"amount": 2000, "currency": "usd", "source": "tok_bypassPending"}),
    "customer_charge": ("/v1/charges", {"amount": 2000, "currency": "usd", "customer": "@customer"}),
    "destination_charge": (
        "/v1/charges",
        {
            "amount": 2000,
            "currency": "usd",
            "source": "tok_bypassPending",
            "application_fee_amount": 200,
            "transfer_data": {"destination": "@account"},
        },
    ),
    "uncaptured_charge": ("/v1/charges", {"amount": 2000, "currency": "usd", "source": "tok_visa", "capture": False}),
    "disputed_charge": ("/v1/charges", {"amount": 2000, "currency": "usd", "source": "tok_createDispute"}),
    "fraud_charge": (
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_createIssuerFraudRecord",
            "return_url": "https://shop.example/back",
        },
    ),
    "refund": ("/v1/refunds", {"charge": "@charge", "amount": 100}),
    "pending_refund": ("/v1/refunds", {"payment_intent": "@pending_refund_intent"}),
    "pending_refund_intent": (
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_pendingRefund",
            "return_url": "https://shop.example/back",
        },
    ),
    "payment_intent": ("/v1/payment_intents", {"amount": 2000, "currency": "usd", "customer": "@customer"}),
    "ready_intent": (
        "/v1/payment_intents",
        {"amount": 2000, "currency": "usd", "payment_method": "@payment_method", "customer": "@customer"},
    ),
    "held_intent": (
        "/v1/payment_intents",
        HELD,
    ),
    "held_for_account": (
        "/v1/payment_intents",
        {**HELD, "transfer_data": {"destination": "@account"}},
    ),
    "paid_intent": (
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_card_bypassPending",
            "confirm": True,
            "return_url": "https://shop.example/back",
        },
    ),
    "setup_intent": ("/v1/setup_intents", {"payment_method": "@payment_method", "customer": "@customer"}),
    "microdeposits": (
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method_types": ["us_bank_account"],
            "payment_method_data": {
                "type": "us_bank_account",
                "us_bank_account": {
                    "account_number": "000123456789",
                    "routing_number": "110000000",
                    "account_holder_type": "individual",
                },
                "billing_details": {"name": "Ada"},
            },
            "mandate_data": {"customer_acceptance": {"type": "offline"}},
        },
    ),
    "subscription": ("/v1/subscriptions", {"customer": "@customer", "items": [{"price": "@monthly"}]}),
    "unmoved_subscription": (
        "/v1/subscriptions",
        {"customer": "@customer", "items": [{"price": "@monthly"}], "billing_mode": {"type": "classic"}},
    ),
    "invoice": ("/v1/invoices", {"customer": "@customer"}),
    "draft_with_item": (
        "/v1/invoiceitems",
        {"customer": "@customer", "amount": 900, "currency": "usd", "invoice": "@invoice"},
    ),
    "open_invoice": ("/v1/invoices/@draft_to_open/finalize", {}),
    "draft_to_open": ("/v1/invoices", {"customer": "@customer", "auto_advance": False}),
    "item_to_open": (
        "/v1/invoiceitems",
        {"customer": "@customer", "amount": 900, "currency": "usd", "invoice": "@draft_to_open"},
    ),
    "invoiceitem": ("/v1/invoiceitems", {"customer": "@customer", "amount": 900, "currency": "usd"}),
    "credit_note": ("/v1/credit_notes", {"invoice": "@open_invoice", "amount": 100}),
    "quote": ("/v1/quotes", {"customer": "@customer", "line_items": [{"price": "@monthly"}]}),
    "open_quote": ("/v1/quotes/@quote_to_open/finalize", {}),
    "quote_to_open": ("/v1/quotes", {"customer": "@customer", "line_items": [{"price": "@monthly"}]}),
    "schedule": (
        "/v1/subscription_schedules",
        {
            "customer": "@customer",
            "start_date": "now",
            "phases": [{"items": [{"price": "@monthly"}], "duration": {"interval": "month"}}],
        },
    ),
    "session": (
        "/v1/checkout/sessions",
        {
            "mode": "payment",
            "success_url": "https://shop.example/done",
            "line_items": [{"price": "@price", "quantity": 1}],
        },
    ),
    "payment_link": ("/v1/payment_links", {"line_items": [{"price": "@price", "quantity": 1}]}),
    "portal_configuration": (
        "/v1/billing_portal/configurations",
        {"features": {"invoice_history": {"enabled": True}}},
    ),
    "meter": (
        "/v1/billing/meters",
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}},
    ),
    "idle_meter": ("/v1/billing/meters/@meter_to_stop/deactivate", {}),
    "meter_to_stop": (
        "/v1/billing/meters",
        {"display_name": "Calls", "event_name": "stopped", "default_aggregation": {"formula": "sum"}},
    ),
    "funds": ("/v1/charges", {"amount": 500000, "currency": "usd", "source": "tok_bypassPending"}),
    "reversal": ("/v1/transfers/@transfer/reversals", {"amount": 10}),
    "bank_token": (
        "/v1/tokens",
        {
            "bank_account": {
                "country": "US",
                "currency": "usd",
                "routing_number": "110000000",
                "account_number": "000123456789",
            }
        },
    ),
    "transfer": ("/v1/transfers", {"amount": 100, "currency": "usd", "destination": "@account"}),
    "payout": ("/v1/payouts", {"amount": 100, "currency": "usd"}),
    "topup": ("/v1/topups", {"amount": 2000, "currency": "usd", "description": "More"}),
    "webhook_endpoint": ("/v1/webhook_endpoints", {"url": "http://127.0.0.1:1/hook", "enabled_events": ["*"]}),
    "test_clock": ("/v1/test_helpers/test_clocks", {"frozen_time": "@now+0"}),
    "tax_id": ("/v1/tax_ids", {"type": "eu_vat", "value": "DE123456789"}),
    "customer_tax_id": ("/v1/customers/@customer/tax_ids", {"type": "eu_vat", "value": "DE123456789"}),
    "feature": ("/v1/entitlements/features", {"name": "Seats", "lookup_key": "seats"}),
    "domain": ("/v1/payment_method_domains", {"domain_name": "shop.example"}),
    "apple_domain": ("/v1/apple_pay/domains", {"domain_name": "shop.example"}),
    "balance_entry": ("/v1/customers/@customer/balance_transactions", {"amount": 100, "currency": "usd"}),
    "source": ("/v1/sources", {"type": "card", "token": "tok_visa"}),
    "token": ("/v1/tokens", {"card": CARD}),
    "confirmation_token": ("/v1/test_helpers/confirmation_tokens", {"payment_method": "pm_card_visa"}),
    "report_run": (
        "/v1/reporting/report_runs",
        {
            "report_type": "balance.summary.1",
            "parameters": {"interval_start": "@now-172800", "interval_end": "@now-86400"},
        },
    ),
    "customer_bank": ("/v1/customers/@customer/sources", {"source": "@bank_token"}),
    "attached_source": ("/v1/customers/@customer/sources", {"source": "tok_mastercard"}),
    "product_feature": ("/v1/products/@product/features", {"entitlement_feature": "@feature"}),
    "review_intent": (
        "/v1/payment_intents",
        {
            "amount": 2000,
            "currency": "usd",
            "confirm": True,
            "payment_method": "pm_card_riskLevelElevated",
            "return_url": "https://shop.example/back",
        },
    ),
    "alert": (
        "/v1/billing/alerts",
        {
            "alert_type": "usage_threshold",
            "title": "Much",
            "usage_threshold": {"gte": 100, "meter": "@meter", "recurrence": "one_time"},
        },
    ),
    "authentication": ("/v1/three_d_secure/authentications", AUTHENTICATION),
    "credit_grant": ("/v1/billing/credit_grants", GRANT),
    "external_account": ("/v1/accounts/@account/external_accounts", {"external_account": "btok_us_verified"}),
    "feedback_option": ("/v1/billing/feedback_options", {"description": "Too expensive"}),
    "install": ("/v1/apps/installs", {"app": "com.example.app"}),
    "link_session": (
        "/v1/financial_connections/sessions",
        {
            "account_holder": {"type": "customer", "customer": "@customer"},
            "permissions": ["balances", "ownership", "payment_method", "transactions"],
            "prefetch": ["transactions"],
        },
    ),
    "payment_configuration": ("/v1/payment_method_configurations", {"name": "Shop"}),
    "payment_record": ("/v1/payment_records/report_payment", RECORD),
    "person": ("/v1/accounts/@account/persons", {"first_name": "Ada"}),
    "registration": ("/v1/tax/registrations", REGISTRATION),
    "tax_calculation": ("/v1/tax/calculations", CALCULATION),
    "tax_location": ("/v1/tax/locations", {"type": "performance", "address": {"country": "US"}}),
    "tax_transaction": (
        "/v1/tax/transactions/create_from_calculation",
        {"calculation": "@tax_calculation", "reference": "order"},
    ),
    "trial_offer": ("/v1/product_catalog/trial_offers", TRIAL_OFFER),
    "value_list": ("/v1/radar/value_lists", {"alias": "blocked", "name": "Blocked"}),
    "value_list_item": ("/v1/radar/value_list_items", {"value_list": "@value_list", "value": "x"}),
}
"""The shop's objects: the call that makes each."""

FIRST = {"open_invoice": "item_to_open", "payout": "funds", "transfer": "funds"}
"""What must be there before an object of the shop is made."""

FOUND: dict[str, tuple[str, str]] = {
    "line": ("GET /v1/invoices/@invoice/lines", "draft_with_item"),
    "subscription_item": ("GET /v1/subscription_items?subscription=@subscription", "subscription"),
    "dispute": ("GET /v1/disputes", "disputed_charge"),
    "warning": ("GET /v1/radar/early_fraud_warnings", "fraud_charge"),
    "fee": ("GET /v1/application_fees", "destination_charge"),
    "fee_refund": ("GET /v1/application_fees/@fee/refunds", "fee"),
    "balance_transaction": ("GET /v1/balance_transactions", "charge"),
    "event": ("GET /v1/events", "charge"),
    "invoice_payment": ("GET /v1/invoice_payments", "open_invoice"),
    "credit_transaction": ("GET /v1/billing/credit_balance_transactions?customer=@customer", "credit_grant"),
    "linked_account": ("GET /v1/financial_connections/accounts?session=@link_session", "link_session"),
    "bank_transaction": (
        "GET /v1/financial_connections/transactions?account=@linked_account",
        "linked_account",
    ),
    "attempt_record": ("GET /v1/payment_attempt_records?payment_record=@payment_record", "payment_record"),
    "template": ("GET /v1/invoice_rendering_templates", "customer"),
    "tax_line": ("GET /v1/tax/transactions/@tax_transaction/line_items", "tax_transaction"),
    "sub_invoice": ("GET /v1/invoices?subscription=@subscription", "subscription"),
}
"""Objects that calls leave behind: the list whose first row they are, and what makes them."""
