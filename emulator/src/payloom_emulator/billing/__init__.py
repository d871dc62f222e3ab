"""The rules of Stripe Billing: periods, amounts, discounts, taxes, invoices and the life of subscriptions.

The objects are declared in `resources/`; these files hold what moves them.
"""

# The declarations use these rules and the rules use prices and payments: whichever is asked for, resources load first.
import payloom_emulator.resources  # noqa: F401
