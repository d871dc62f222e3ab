"""Payments: intents, charges, refunds, disputes, and what pays."""
