"""Mistakes that people make in the parameters of payments, subscriptions, invoices, and searches: each is found."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import pytest
from tests.support.workflow_driver import load
from tests.unit.workflows.checker.test_checker_with_stripe import catalog

from payloom.connectors.stripe.catalog import operations
from payloom.connectors.stripe.catalog.limits import SEARCHED
from payloom.workflows.catalog.limits import ALONE, LIMITS, ONE_NEEDED, ORDERED
from payloom.workflows.checker.parameters import moments
from payloom.workflows.checker.parameters.constants import Moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from payloom.kit.diagnostics import Diagnostic

PAYMENT = "mode: payment, success_url: https://shop.example, line_items: [{price: price_1, quantity: 1}]"
SUBSCRIPTION = "mode: subscription, success_url: https://shop.example, line_items: [{price: price_2, quantity: 1}]"
WRONG = [
    ("checkout.sessions.create", 'PAYMENT, expires_at: \'${{ now() + duration("10m") }}\'', "F137", "`expires_at` is at least 30 minutes from now, not 10 minutes"),
    ("checkout.sessions.create", 'PAYMENT, expires_at: \'${{ now() + duration("48h") }}\'', "F137", "`expires_at` is at most 1 day from now, not 2 days"),
    ("checkout.sessions.create", "PAYMENT, expires_at: 1700000000", "F137", "`expires_at` lies in the future, and 1700000000 is over"),
    ("checkout.sessions.create", 'SUBSCRIPTION, subscription_data: {trial_end: \'${{ now() + duration("1h") }}\'}', "F137", "`trial_end` is at least 2 days from now, not 1 hour"),
    ("subscriptions.create", 'customer: cus_1, items: [{price: price_2}], trial_end: \'${{ now() - duration("1h") }}\'', "F137", "`trial_end` lies in the future, not 1 hour ago"),
    ("subscriptions.create", 'customer: cus_1, items: [{price: price_2}], cancel_at: \'${{ now() - duration("1h") }}\'', "F137", "`cancel_at` lies in the future, not 1 hour ago"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], billing_cycle_anchor: 1500000000", "F137", "`billing_cycle_anchor` lies in the future, and 1500000000 is over"),
    ("subscriptions.create", 'customer: cus_1, items: [{price: price_2}], backdate_start_date: \'${{ now() + duration("24h") }}\'', "F137", "`backdate_start_date` lies in the past, not 1 day"),
    ("coupons.create", "percent_off: 10, redeem_by: 1500000000", "F137", "`redeem_by` lies in the future, and 1500000000 is over"),
    ("coupons.create", "percent_off: 10, redeem_by: '${{ add_months(now(), 72) }}'", "F137", "`redeem_by` is at most 5 years from now, not 6 years"),
    ("promotion_codes.create", "promotion: {type: coupon, coupon: SUMMER}, expires_at: 1500000000", "F137", "`expires_at` lies in the future, and 1500000000 is over"),
    ("invoices.create", "customer: cus_1, collection_method: send_invoice, due_date: 1500000000", "F137", "`due_date` lies in the future, and 1500000000 is over"),
    ("billing.meter_events.create", 'event_name: calls, payload: {stripe_customer_id: cus_1, value: "1"}, timestamp: \'${{ now() - duration("960h") }}\'', "F137", "`timestamp` is at most 35 days ago, not 40 days ago"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{price: price_1, quantity: 1, adjustable_quantity: {enabled: true, minimum: 5, maximum: 2}}]", "F137", "`quantity` is at least `adjustable_quantity.minimum`, and 1 is less than 5"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{price: price_1, quantity: 9, adjustable_quantity: {enabled: true, minimum: 1, maximum: 5}}]", "F137", "`adjustable_quantity.maximum` is at least `quantity`, and 5 is less than 9"),
    ("prices.create", "currency: usd, product: prod_1, custom_unit_amount: {enabled: true, minimum: 900, maximum: 500}", "F137", "`maximum` is at least `minimum`, and 500 is less than 900"),
    ("prices.create", "currency: usd, product: prod_1, custom_unit_amount: {enabled: true, minimum: 500, maximum: 900, preset: 1000}", "F137", "`maximum` is at least `preset`, and 900 is less than 1000"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: a, label: {type: custom, custom: A}, type: text, text: {minimum_length: 9, maximum_length: 5}}]", "F137", "`maximum_length` is at least `minimum_length`, and 5 is less than 9"),
    ("shipping_rates.create", "display_name: x, type: fixed_amount, fixed_amount: {amount: 5, currency: usd}, delivery_estimate: {minimum: {unit: day, value: 9}, maximum: {unit: day, value: 5}}", "F137", "`maximum.value` is at least `minimum.value`, and 5 is less than 9"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: a, label: {type: custom, custom: A}, type: dropdown, dropdown: {options: []}}]", "F137", "Stripe needs a value of `options`"),
    ("charges.list", "limit: 0", "F137", "`limit` is from 1 up to 100, not 0"),
    ("charges.list", "limit: 101", "F137", "`limit` is from 1 up to 100, not 101"),
    ("invoice_items.create", "customer: cus_1, amount: 500, currency: usd, period: {start: 1800000000, end: 1700000000}", "F137", "`end` is at least `start`, and 1700000000 is less than 1800000000"),
    ("subscriptions.update", "id: sub_1, items: [{price: price_3}]", "F138", "this item is added beside those that the subscription has"),
    ("charges.search", 'query: "stat:\'succeeded\'"', "F137", "Stripe does not search for `stat` here"),
    ("charges.search", 'query: "status=\'succeeded\'"', "F137", 'a search query cannot go on with "status=\'succeeded\'"'),
    ("charges.search", 'query: "amount>\'a lot\'"', "F137", "`amount` is compared with a number, not with 'a lot'"),
    ("charges.search", 'query: "status:\'succeeded\' AND currency:\'usd\' OR amount>5"', "F137", "a search query has AND or OR, not both"),
    ("charges.search", 'query: "status>\'succeeded\'"', "F137", "`status` is compared with `:`, not with `>`"),
    ("customers.search", 'query: "email~\'a\'"', "F137", "`~` looks for 3 characters or more, not for 'a'"),
    ("customers.search", 'query: "metadata:\'a\'"', "F137", "`metadata` needs its key"),
    ("customers.search", 'query: "id:\'cus_1\'"', "F137", "Stripe does not search for `id` here"),
    ("subscription_schedules.create", "from_subscription: sub_1, phases: [{items: [{price: price_2}]}]", "F137", "Stripe takes no `phases` with `from_subscription`"),
    ("subscription_schedules.create", "from_subscription: sub_1, end_behavior: cancel", "F137", "Stripe takes no `end_behavior` with `from_subscription`"),
    ("checkout.sessions.create", "PAYMENT, after_expiration: {recovery: {allow_promotion_codes: true}}", "F137", "Stripe needs `enabled` in `after_expiration.recovery`"),
    ("checkout.sessions.create", "PAYMENT, phone_number_collection: {}", "F137", "Stripe needs `enabled` in `phone_number_collection`"),
    ("checkout.sessions.create", "PAYMENT, automatic_tax: {}", "F137", "Stripe needs `enabled` in `automatic_tax`"),
    ("checkout.sessions.create", "PAYMENT, shipping_address_collection: {}", "F137", "Stripe needs `allowed_countries` in `shipping_address_collection`"),
    ("checkout.sessions.create", "PAYMENT, shipping_address_collection: {allowed_countries: [DEU]}", "F003", "`shipping_address_collection.allowed_countries` cannot be 'DEU'"),
    ("checkout.sessions.create", "PAYMENT, shipping_address_collection: {allowed_countries: [de]}", "F006", "Stripe lists no 'de' for `shipping_address_collection.allowed_countries`"),
    ("checkout.sessions.create", "PAYMENT, shipping_address_collection: {allowed_countries: [UK]}", "F006", "Stripe lists no 'UK' for `shipping_address_collection.allowed_countries`"),
    ("checkout.sessions.create", "PAYMENT, subscription_data: {trial_period_days: 3}", "F137", "Stripe takes no `subscription_data` with `mode: payment`"),
    ("checkout.sessions.create", "SUBSCRIPTION, payment_intent_data: {setup_future_usage: off_session}", "F137", "Stripe takes no `payment_intent_data` with `mode: subscription`"),
    ("checkout.sessions.create", "PAYMENT, customer: cus_1, customer_email: a@b.co", "F137", "Stripe takes `customer` or `customer_email`, not both"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{price: price_1, price_data: {currency: usd, unit_amount: 500, product_data: {name: Mug}}, quantity: 1}]", "F137", "Stripe takes `price` or `price_data`, not both"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{price_data: {currency: usd, unit_amount: 500, product_data: {name: Mug}}}]", "F137", "Stripe needs `quantity` of a price that is not metered"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1}]", "F137", "Stripe needs `price` or `price_data` here"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: []", "F137", "Stripe needs `line_items` with `mode: payment`"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example", "F137", "Stripe needs `line_items` with `mode: payment`"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1, price_data: {currency: usd, product_data: {name: Mug}}}]", "F137", "Stripe needs `unit_amount` or `unit_amount_decimal` here"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500}}]", "F137", "Stripe needs `product` or `product_data` here"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1, price_data: {unit_amount: 500, product_data: {name: Mug}}}]", "F137", "Stripe needs `currency` in `line_items.price_data`"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: 500, product_data: {description: Mug}}}]", "F137", "Stripe needs `name` in `line_items.price_data.product_data`"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{quantity: 1, price_data: {currency: usd, unit_amount: -500, product_data: {name: Mug}}}]", "F137", "`unit_amount` is from 0, not -500"),
    ("checkout.sessions.create", "SUBSCRIPTION, subscription_data: {trial_period_days: 0}", "F137", "`trial_period_days` is from 1 up to 730, not 0"),
    ("checkout.sessions.create", "SUBSCRIPTION, subscription_data: {trial_period_days: 800}", "F137", "`trial_period_days` is from 1 up to 730, not 800"),
    ("checkout.sessions.create", 'SUBSCRIPTION, subscription_data: {trial_period_days: 3, trial_end: \'${{ now() + duration("96h") }}\'}', "F137", "Stripe takes `trial_end` or `trial_period_days`, not both"),
    ("checkout.sessions.create", "SUBSCRIPTION, subscription_data: {application_fee_percent: 120}", "F137", "`application_fee_percent` is from 0 up to 100, not 120"),
    ("checkout.sessions.create", "SUBSCRIPTION, payment_method_collection: never", "F006", "Stripe lists no 'never' for `payment_method_collection`"),
    ("checkout.sessions.create", "PAYMENT, payment_method_collection: if_required", "F137", "Stripe takes no `payment_method_collection` with `mode: payment`"),
    ("checkout.sessions.create", "PAYMENT, discounts: [{coupon: SUMMER, promotion_code: promo_1}]", "F137", "Stripe takes `coupon` or `promotion_code`, not both"),
    ("checkout.sessions.create", "PAYMENT, discounts: [{coupon: SUMMER}, {coupon: SUMMER}]", "F137", "`discounts` has at most 1 items, this has 2"),
    ("checkout.sessions.create", "PAYMENT, allow_promotion_codes: true, discounts: [{coupon: SUMMER}]", "F137", "Stripe takes `allow_promotion_codes` or `discounts`, not both"),
    ("checkout.sessions.create", "PAYMENT, shipping_options: [{shipping_rate: shr_1, shipping_rate_data: {display_name: x}}]", "F137", "Stripe takes `shipping_rate` or `shipping_rate_data`, not both"),
    ("checkout.sessions.create", "PAYMENT, locale: german", "F006", "Stripe lists no 'german' for `locale`"),
    ("checkout.sessions.create", "PAYMENT, submit_type: buy", "F006", "Stripe lists no 'buy' for `submit_type`"),
    ("checkout.sessions.create", "PAYMENT, payment_intent_data: {capture_method: auto}", "F003", "`payment_intent_data.capture_method` cannot be 'auto'"),
    ("checkout.sessions.create", "PAYMENT, payment_intent_data: {setup_future_usage: recurring}", "F006", "Stripe lists no 'recurring' for `payment_intent_data.setup_future_usage`"),
    ("checkout.sessions.create", "PAYMENT, consent_collection: {promotions: yes}", "F006", "Stripe lists no 'yes' for `consent_collection.promotions`"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: 'a b', label: {type: custom, custom: A}, type: text}]", "F137", "`key` is letters and digits"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: a, label: {type: custom, custom: A}, type: text},{key: a, label: {type: custom, custom: A}, type: text}]", "F137", "`key: a` stands twice in `custom_fields`"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: a, type: text}]", "F137", "Stripe needs `label` in `custom_fields`"),
    ("checkout.sessions.create", "PAYMENT, customer_update: {address: auto}", "F137", "Stripe needs `customer` with `customer_update`"),
    ("checkout.sessions.create", "mode: setup, success_url: https://shop.example, currency: usd, line_items: [{price: price_1, quantity: 1}]", "F137", "Stripe takes no `line_items` with `mode: setup`"),
    ("coupons.create", "percent_off: 120", "F137", "`percent_off` is above 0 up to 100, not 120"),
    ("coupons.create", "percent_off: 0", "F137", "`percent_off` is above 0 up to 100, not 0"),
    ("coupons.create", "percent_off: 10, amount_off: 50, currency: usd", "F137", "Stripe takes `amount_off` or `percent_off`, not both"),
    ("coupons.create", "percent_off: 10, duration: month", "F006", "Stripe lists no 'month' for `duration`"),
    ("coupons.create", "amount_off: -5, currency: usd", "F137", "`amount_off` is above 0, not -5"),
    ("coupons.create", "percent_off: 10, max_redemptions: 0", "F137", "`max_redemptions` is above 0, not 0"),
    ("coupons.create", "percent_off: 10, id: 'SUMMER SALE'", "F137", "`id` is letters, digits, dashes, and underscores"),
    ("products.create", "name: x, id: 'a b'", "F137", "`id` is letters, digits, dashes, and underscores"),
    ("products.create", "name: ''", "F137", "Stripe takes no empty `name`"),
    ("products.create", "name: x, tax_code: 99999999", "F003", "`tax_code` takes text, found 99999999"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 500, recurring: {interval: monthly}", "F003", "`recurring.interval` cannot be 'monthly'"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 500, recurring: {interval_count: 2}", "F137", "Stripe needs `interval` in `recurring`"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 500, recurring: {interval: month, interval_count: 0}", "F137", "`interval_count` is from 1, not 0"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 500, recurring: {interval: year, interval_count: 4}", "F137", "an interval has at most 3 years"),
    ("prices.create", "product: prod_1, currency: usd", "F137", "Stripe needs `unit_amount` or `unit_amount_decimal` or `custom_unit_amount` here"),
    ("prices.create", "product: prod_1, currency: US, unit_amount: 500", "F137", "Stripe has no currency 'US'"),
    ("prices.create", "product: prod_1, currency: usd, unit_amount: 500, tax_behavior: included", "F003", "`tax_behavior` cannot be 'included'"),
    ("refunds.create", "payment_intent: pi_1, reason: customer_request", "F006", "Stripe lists no 'customer_request' for `reason`"),
    ("refunds.create", "payment_intent: pi_1, amount: 0", "F137", "`amount` is above 0, not 0"),
    ("refunds.create", "payment_intent: pi_1, amount: -5", "F137", "`amount` is above 0, not -5"),
    ("refunds.create", "charge: ch_1, payment_intent: pi_1", "F137", "Stripe takes `charge` or `payment_intent`, not both"),
    ("payment_intents.create", "amount: 500, currency: usd, payment_method_types: [card]", "F001", "`payment_intents.create` does not take `payment_method_types`"),
    ("payment_intents.create", "amount: 500, currency: usd, off_session: true", "F137", "Stripe takes no `off_session` without `confirm`"),
    ("payment_intents.create", "amount: 500, currency: usd, capture_method: later", "F006", "Stripe lists no 'later' for `capture_method`"),
    ("payment_intents.create", "amount: 500, currency: usd, shipping: {name: A}", "F137", "Stripe needs `address` in `shipping`"),
    ("payment_intents.create", "amount: 500, currency: usd, shipping: {address: {line1: A}}", "F137", "Stripe needs `name` in `shipping`"),
    ("payment_intents.create", "amount: 500, currency: usd, receipt_email: nobody", "F137", "`receipt_email` is an address, such as ada@example.com"),
    ("payment_intents.create", "amount: 500, currency: usd, transfer_data: {amount: 5}", "F137", "Stripe needs `destination` in `transfer_data`"),
    ("payment_intents.create", "amount: 500, currency: usd, transfer_data: {destination: acct_1, amount: 600}", "F137", "`amount` is at least `transfer_data.amount`, and 500 is less than 600"),
    ("payment_intents.create", "amount: 500, currency: usd, statement_descriptor: 'a'", "F137", "`statement_descriptor` has 5 to 22 characters, this has 1"),
    ("payment_intents.create", "amount: 500.0, currency: usd", "F111", "500.0 is not an amount"),
    ("payment_intents.create", "amount: '500', currency: usd", "F003", "`amount` takes a whole number, found '500'"),
    ("payment_intents.create", "amount: 5, currency: usd", "F137", "Stripe charges no less than 50 usd, and this is 5"),
    ("payment_intents.create", "amount: 500, currency: usd, automatic_payment_methods: {}", "F137", "Stripe needs `enabled` in `automatic_payment_methods`"),
    ("payment_intents.create", "amount: 500, currency: usd, payment_method_data: {billing_details: {name: A}}", "F137", "Stripe needs `type` in `payment_method_data`"),
    ("payment_intents.create", "amount: 500, currency: usd, metadata: {a: [1]}", "F003", "`metadata.a` takes a number or a whole number or text or true or false, found a list"),
    ("payment_intents.create", "amount: 500, currency: usd, metadata: {a: {b: 1}}", "F003", "`metadata.a` takes text or a number or a whole number or true or false, found a map"),
    ("payment_intents.create", "amount: 500, currency: usd, metadata: text", "F003", "`metadata` takes a map, found 'text'"),
    ("payment_intents.cancel", "id: pi_1, cancellation_reason: changed_mind", "F006", "Stripe lists no 'changed_mind' for `cancellation_reason`"),
    ("payment_intents.capture", "id: pi_1, amount_to_capture: 0", "F137", "`amount_to_capture` is above 0, not 0"),
    ("setup_intents.create", "customer: cus_1, usage: recurring", "F006", "Stripe lists no 'recurring' for `usage`"),
    ("setup_intents.create", "customer: cus_1, amount: 500", "F001", "`setup_intents.create` does not take `amount`"),
    ("subscriptions.create", "customer: cus_1, items: [{quantity: 1}]", "F137", "Stripe needs `price` or `price_data` or `plan` here"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}, {price: price_2}]", "F137", "`price: price_2` stands twice in `items`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2, quantity: -1}]", "F137", "`quantity` is from 0, not -1"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], payment_behavior: incomplete", "F003", "`payment_behavior` cannot be 'incomplete'"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], proration_behavior: prorate", "F006", "Stripe lists no 'prorate' for `proration_behavior`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], collection_method: send_invoice", "F137", "Stripe needs `days_until_due` with `collection_method: send_invoice`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], trial_settings: {}", "F137", "Stripe needs `end_behavior` in `trial_settings`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], trial_settings: {end_behavior: {missing_payment_method: fail}}", "F006", "Stripe lists no 'fail' for `trial_settings.end_behavior.missing_payment_method`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], pending_invoice_item_interval: {interval_count: 1}", "F137", "Stripe needs `interval` in `pending_invoice_item_interval`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], billing_cycle_anchor_config: {day_of_month: 32}", "F137", "`day_of_month` is from 1 up to 31, not 32"),
    ("subscriptions.create", 'customer: cus_1, items: [{price: price_2}], billing_cycle_anchor: \'${{ now() + duration("24h") }}\', billing_cycle_anchor_config: {day_of_month: 3}', "F137", "Stripe takes `billing_cycle_anchor` or `billing_cycle_anchor_config`, not both"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], coupon: SUMMER", "F001", "`subscriptions.create` does not take `coupon`"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_2}], application_fee_percent: 150", "F137", "`application_fee_percent` is from 0 up to 100, not 150"),
    ("subscriptions.update", 'id: sub_1, cancel_at: \'${{ now() + duration("24h") }}\', cancel_at_period_end: true', "F137", "Stripe takes `cancel_at` or `cancel_at_period_end`, not both"),
    ("subscriptions.update", "id: sub_1, pause_collection: {}", "F137", "Stripe needs `behavior` in `pause_collection`"),
    ("subscriptions.update", "id: sub_1, pause_collection: {behavior: void, resumes_at: 1500000000}", "F137", "`resumes_at` lies in the future, and 1500000000 is over"),
    ("subscriptions.cancel", "id: sub_1, at_period_end: true", "F001", "`subscriptions.cancel` does not take `at_period_end`"),
    ("subscriptions.cancel", "id: sub_1, cancellation_details: {feedback: pricey}", "F006", "Stripe lists no 'pricey' for `cancellation_details.feedback`"),
    ("billing_portal.sessions.create", "customer: cus_1, return_url: /account", "F137", "`return_url` is a whole address, such as https://shop.example/thanks"),
    ("billing_portal.sessions.create", "customer: cus_1, flow_data: {type: cancel}", "F006", "Stripe lists no 'cancel' for `flow_data.type`"),
    ("billing_portal.sessions.create", "customer: cus_1, flow_data: {type: subscription_cancel}", "F137", "Stripe needs `subscription_cancel` with `type: subscription_cancel`"),
    ("billing_portal.sessions.create", "customer: cus_1, flow_data: {type: subscription_update_confirm, subscription_update_confirm: {subscription: sub_1, items: [{price: price_3}]}}", "F137", "Stripe needs `id` in `flow_data.subscription_update_confirm.items`"),
    ("billing_portal.sessions.create", "customer: cus_1, flow_data: {subscription_cancel: {subscription: sub_1}}", "F137", "Stripe needs `type` in `flow_data`"),
    ("invoices.create", "customer: cus_1, days_until_due: 30", "F137", "Stripe takes no `days_until_due` without `collection_method`"),
    ("invoices.create", "customer: cus_1, collection_method: send_invoice, days_until_due: 30, due_date: 1900000000", "F137", "Stripe takes `days_until_due` or `due_date`, not both"),
    ("invoices.create", "customer: cus_1, collection_method: send_invoice", "F137", "Stripe needs `days_until_due` or `due_date` with `collection_method: send_invoice`"),
    ("invoices.create", "customer: cus_1, pending_invoice_items_behavior: all", "F006", "Stripe lists no 'all' for `pending_invoice_items_behavior`"),
    ("invoices.create", "customer: cus_1, custom_fields: [{name: a}]", "F137", "Stripe needs `value` in `custom_fields`"),
    ("invoices.create", "customer: cus_1, custom_fields: [{name: a, value: b},{name: a, value: b},{name: a, value: b},{name: a, value: b},{name: a, value: b}]", "F137", "`custom_fields` has at most 4 items, this has 5"),
    ("invoice_items.create", "customer: cus_1, currency: usd", "F137", "Stripe needs `price_data` or `pricing` or `amount` here"),
    ("invoice_items.create", "customer: cus_1, amount: 500, currency: usd, unit_amount_decimal: '5'", "F137", "Stripe takes `amount` or `unit_amount_decimal`, not both"),
    ("invoice_items.create", "customer: cus_1, price: price_1", "F001", "`invoice_items.create` does not take `price`"),
    ("customers.create", "email: nobody", "F137", "`email` is an address, such as ada@example.com"),
    ("customers.create", "phone: '123456789012345678901'", "F137", "`phone` has at most 20 characters, this has 21"),
    ("customers.create", "name: 5", "F003", "`name` takes text, found 5"),
    ("customers.create", "tax_exempt: yes", "F006", "Stripe lists no 'yes' for `tax_exempt`"),
    ("customers.create", "preferred_locales: de", "F003", "`preferred_locales` takes a list, found 'de'"),
    ("customers.create", "invoice_prefix: ab", "F137", "`invoice_prefix` is 1 to 12 capital letters and digits"),
    ("customers.create", "balance: 1.5", "F003", "`balance` takes a whole number, found 1.5"),
    ("customers.create", "tax_id_data: [{type: vat, value: DE1}]", "F003", "`tax_id_data.type` cannot be 'vat'"),
    ("customers.create", "invoice_settings: {custom_fields: [{name: A}]}", "F137", "Stripe needs `value` in `invoice_settings.custom_fields`"),
    ("transfers.create", "amount: 500, currency: usd", "F003", "`transfers.create` needs `destination`"),
    ("transfers.create", "amount: 0, currency: usd, destination: acct_1", "F137", "`amount` is above 0, not 0"),
    ("payouts.create", "amount: 500", "F003", "`payouts.create` needs `currency`"),
    ("payouts.create", "amount: 500, currency: usd, method: fast", "F006", "Stripe lists no 'fast' for `method`"),
    ("accounts.create", "type: basic", "F006", "Stripe lists no 'basic' for `type`"),
    ("accounts.create", "country: Germany, type: express", "F137", "`country` is the two letters of a country, such as DE"),
    ("account_links.create", "account: acct_1, type: onboarding", "F003", "`type` cannot be 'onboarding'"),
    ("account_links.create", "account: acct_1, type: account_onboarding", "F137", "Stripe needs `refresh_url` with `type: account_onboarding`"),
    ("webhook_endpoints.create", "url: https://a.example, enabled_events: [payment.succeeded]", "F003", "`enabled_events` cannot be 'payment.succeeded'"),
    ("webhook_endpoints.create", "url: https://a.example, enabled_events: []", "F137", "Stripe needs a value of `enabled_events`"),
    ("payment_methods.attach", "id: pm_card_visa", "F003", "`payment_methods.attach` needs `customer` or `customer_account`"),
    ("payment_methods.list", "type: cards, customer: cus_1", "F003", "`type` cannot be 'cards'"),
    ("balance_transactions.list", "type: refunds", "F003", "`type` cannot be 'refunds'"),
    ("subscriptions.list", "status: cancelled", "F003", "`status` cannot be 'cancelled'"),
    ("invoices.list", "status: unpaid", "F003", "`status` cannot be 'unpaid'"),
    ("disputes.update", "id: dp_1, submit: yes", "F003", "`submit` takes true or false, found 'yes'"),
    ("payment_links.create", "line_items: [{price: price_1, quantity: 1}], after_completion: {type: redirect}", "F137", "Stripe needs `redirect` with `type: redirect`"),
    ("payment_links.create", "line_items: [{price: price_1, quantity: 1}], restrictions: {}", "F137", "Stripe needs `completed_sessions` in `restrictions`"),
    ("tax_rates.create", "display_name: VAT, inclusive: true, percentage: 150", "F137", "`percentage` is from 0 up to 100, not 150"),
    ("tax_rates.create", "display_name: VAT, percentage: 19", "F003", "`tax_rates.create` needs `inclusive`"),
    ("promotion_codes.create", "promotion: {type: coupon}, code: A", "F137", "Stripe needs `coupon` with `type: coupon`"),
    ("promotion_codes.create", "promotion: {type: coupon, coupon: SUMMER}, code: 'TEN %'", "F137", "`code` is letters, digits, and dashes"),
    ("promotion_codes.create", "promotion: {type: coupon, coupon: SUMMER}, max_redemptions: -1", "F137", "`max_redemptions` is above 0, not -1"),
    ("credit_notes.create", "invoice: in_1", "F003", "`credit_notes.create` needs `amount` or `lines` or `shipping_cost` or `refunds` or `credit_amount` or `refund_amount` or `out_of_band_amount`"),
    ("credit_notes.create", "invoice: in_1, amount: 500, reason: refund", "F006", "Stripe lists no 'refund' for `reason`"),
    ("quotes.create", "customer: cus_1, line_items: [{quantity: 1}]", "F137", "Stripe needs `price` or `price_data` here"),
    ("billing.meter_events.create", "event_name: a, payload: {value: 5}", "F003", "`payload.value` takes text, found 5"),
    ("billing.meter_events.create", "event_name: a, payload: {value: '5', stripe_customer_id: cus_1}, timestamp: 1500000000", "F137", "`timestamp` is at most 5 minutes away, so no moment in a file holds"),
    ("billing.meters.create", "display_name: a, event_name: a, default_aggregation: {formula: total}", "F006", "Stripe lists no 'total' for `default_aggregation.formula`"),
]  # fmt: skip
RIGHT = [
    ("checkout.sessions.create", "PAYMENT, expires_at: '${{ now() + duration(\"30m\") }}'"),
    ("checkout.sessions.create", "PAYMENT, expires_at: '${{ run.started_at + duration(\"24h\") }}'"),
    ("checkout.sessions.create", "PAYMENT, expires_at: '${{ timestamp(run.id) }}'"),
    ("checkout.sessions.create", "SUBSCRIPTION, subscription_data: {trial_end: '${{ add_months(now(), 1) }}'}"),
    ("checkout.sessions.create", "mode: setup, success_url: https://shop.example, currency: usd"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: [{price: price_1, quantity: 5, adjustable_quantity: {enabled: true, minimum: 5, maximum: 5}}]"),
    ("checkout.sessions.create", "mode: payment, success_url: https://shop.example, line_items: '${{ [run.id] }}'"),
    ("checkout.sessions.create", "mode: subscription, success_url: https://shop.example, line_items: [{price: price_metered}]"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: a, label: {type: custom, custom: A}, type: text}, {key: b, label: {type: custom, custom: A}, type: numeric}]"),
    ("checkout.sessions.create", "PAYMENT, custom_fields: [{key: '${{ run.id }}', label: {type: custom, custom: A}, type: text}, {key: '${{ run.id }}', label: {type: custom, custom: A}, type: text}]"),
    ("checkout.sessions.create", "PAYMENT, client_reference_id: 'order #17 / Müller'"),
    ("payment_links.create", "line_items: [{price: price_1, quantity: 1}], after_completion: {type: hosted_confirmation}"),
    ("coupons.create", "percent_off: 10, id: SUMMER-SALE_26, redeem_by: '${{ now() + duration(\"720h\") }}'"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}], trial_end: now"),
    ("subscriptions.create", "customer: cus_1, items: [{price: price_1}, {price: price_2}], backdate_start_date: '${{ now() - duration(\"24h\") }}'"),
    ("subscriptions.update", "id: sub_1, items: [{id: si_1, deleted: true}, {price: price_2}]"),
    ("subscriptions.update", "id: sub_1, cancel_at: '', trial_end: now, pause_collection: ''"),
    ("subscription_schedules.create", "from_subscription: sub_1, metadata: {a: b}, expand: [subscription]"),
    ("quotes.create", "from_quote: {quote: qt_1}, expires_at: '${{ now() + duration(\"24h\") }}'"),
    ("prices.create", "product: prod_1, currency: usd, custom_unit_amount: {enabled: true, minimum: 500, preset: 500, maximum: 500}"),
    ("prices.create", "product: prod_1, currency: usd, billing_scheme: tiered, tiers_mode: volume, tiers: [{up_to: inf, unit_amount: 5}], recurring: {interval: month}"),
    ("invoice_items.create", "customer: cus_1, amount: -500, currency: usd, period: {start: 1700000000, end: 1700000000}"),
    ("customers.create", "balance: -500.0, name: 'Zoë'"),
    ("tax.registrations.create", "country: DE, country_options: {de: {type: standard}}, active_from: now"),
    ("billing.meter_events.create", "event_name: a, payload: {value: '5'}, timestamp: '${{ now() - duration(\"24h\") }}'"),
    ("charges.list", "created: {gte: 100, lte: 200}, limit: 1"),
    ("balance_transactions.list", "type: refund"),
    ("charges.search", "query: \"status:'succeeded' AND amount>1000 AND -currency:'usd' AND metadata['order id']:'4\\\\'2'\""),
    ("charges.search", 'query: "payment_method_details.card.last4:4242 created>=1700000000"'),
    ("customers.search", "query: \"email~'ada' OR name:'Ada AND Bob' or phone:null\""),
    ("customers.search", "query: \"email:'${{ run.id }}'\""),
    ("customers.search", "query: '${{ run.id }}'"),
    ("payment_intents.search", "query: \"amount>${{ 5 * 100 }} metadata['${{ run.id }}']:'x'\""),
    ("payment_intents.search", "query: \"amount>${{ {'a': {'b': 5}}.a.b }} metadata['${{ '}}' }}']:'x'\""),
    ("payment_intents.search", "query: \"${{ {'a': {'b': run.id}}.a.b }}\""),
]  # fmt: skip


def _diagnostics(action: str, params: str) -> tuple[Diagnostic, ...]:
    params = params.replace("PAYMENT", PAYMENT).replace("SUBSCRIPTION", SUBSCRIPTION)
    step = f"  - id: r\n    stripe: {action}\n    with: {{{params}}}\n    idempotency_key: x\n"
    text = f"name: T\ndescription: d\non: {{called: true}}\nsteps:\n{step}"
    return load(text, catalog=catalog()).diagnostics


def _said(action: str, params: str) -> list[str]:
    quiet = {"F105", "F133"}
    return [f"{each.code} {each.message}" for each in _diagnostics(action, params) if each.code not in quiet]


@pytest.mark.parametrize(("action", "params", "code", "message"), WRONG)
def test_finds(action: str, params: str, code: str, message: str) -> None:
    assert f"{code} {message}" in _said(action, params)


@pytest.mark.parametrize(("action", "params"), RIGHT)
def test_says_nothing_about(action: str, params: str) -> None:
    assert _said(action, params) == []


def _shapes(schema: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, schema
    for name, part in schema.get("properties", {}).items():
        yield from _shapes(part, (*path, name))
    for part in (*schema.get("anyOf", ()), *([schema["items"]] if schema.get("items") else [])):
        yield from _shapes(part, path)


@functools.cache
def _every() -> list[tuple[str, tuple[str, ...], Any]]:
    writing = (name for name in operations.names() if operations.find(name).method != "get")  # type: ignore[union-attr] - every name has an operation
    return [
        (name, path, schema)
        for name in writing
        for path, schema in _shapes(operations.find(name).params())  # type: ignore[union-attr] - every name has an operation
        if schema.keys() & {LIMITS, ORDERED, ONE_NEEDED, ALONE}
    ]


def test_every_bound_of_a_moment_holds_on_both_sides() -> None:
    seen: set[str] = set()
    for name, path, schema in _every():
        limits = schema.get(LIMITS)
        for bound, outside in (("soonest", -1), ("latest", 1)):
            at = getattr(limits, bound, None)
            if limits is None or at is None:
                continue
            seen.add(f"{path[-1]} {at}")
            inside = list(moments._of_one(path[-1], Moment(at, fixed=False), limits, ()))
            beyond = list(moments._of_one(path[-1], Moment(at + outside, fixed=False), limits, ()))
            assert (inside, len(beyond)) == ([], 1), (name, path, bound)
    assert seen >= {
        "expires_at 1800", "expires_at 86400", "trial_end 172800", "redeem_by 1", "resumes_at 1", "cancel_at 1",
        "backdate_start_date 0", "timestamp -3024000", "timestamp 300", "billing_cycle_anchor 1", "due_date 1",
    }  # fmt: skip


def test_every_pair_in_order_and_every_group_is_of_names_that_are_there() -> None:
    pairs, groups, alone = set[tuple[str, str]](), set[tuple[str, ...]](), set[str]()
    for name, path, schema in _every():
        for pair in schema.get(ORDERED, ()):
            pairs.add(pair)
            for dotted in pair:
                part: Any = schema
                for step in dotted.split("."):
                    options = [each for each in (part, *part.get("anyOf", ())) if step in each.get("properties", {})]
                    assert options or step != dotted.partition(".")[0], (name, path, dotted)
                    part = options[0]["properties"][step] if options else {}
        for group in schema.get(ONE_NEEDED, ()):
            groups.add(group)
            assert len(group) > 1
            assert set(group) <= schema["properties"].keys(), (name, path)
        alone |= set(schema.get(ALONE, ()))
    assert len(pairs) > 10
    assert len(groups) > 4
    assert alone == {"from_subscription", "from_quote"}


def test_every_search_knows_its_fields() -> None:
    searches = {name.rpartition(".")[0] for name in operations.names() if name.endswith(".search")}
    assert searches == SEARCHED.keys()
    for resource, fields in SEARCHED.items():
        for field, kind in fields.items():
            name = field.replace("*", "card") + ("['k']" if field == "metadata" else "")
            by_sign = {
                ":": True,
                "~": kind in {"text", "any"},
                ">": kind in {"number", "any"},
                "<=": kind in {"number", "any"},
            }
            for sign, is_known in by_sign.items():
                value = "1000" if kind == "number" else "'1000'"
                assert (_said(f"{resource}.search", f'query: "{name}{sign}{value}"') == []) is is_known, (name, sign)


@pytest.mark.parametrize(
    ("action", "params", "hint"),
    [
        ("checkout.sessions.create", "PAYMENT, expires_at: 5", "write now() + duration('1h')"),
        (
            "checkout.sessions.create",
            "SUBSCRIPTION, subscription_data: {trial_end: 5}",
            "write now() + duration('96h')",
        ),
        ("customers.search", "query: \"metadata:'a'\"", "write metadata['key']:'value'"),
        ("customers.search", "query: \"email['a']:'b'\"", "write email:'value'"),
    ],
)
def test_a_hint_says_what_to_write(action: str, params: str, hint: str) -> None:
    assert hint in [each.hint for each in _diagnostics(action, params) if each.code == "F137"]
