"""Declarations of Stripe Tax: calculations, transactions, registrations, settings, associations, locations."""
