"""The rules of Stripe Billing: periods, amounts, discounts, taxes, invoices and the life of subscriptions.

The objects are declared in `resources/`; these files hold their rules.
"""
