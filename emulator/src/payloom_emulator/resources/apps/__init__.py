"""Declarations of Stripe Apps: secrets and installs."""
