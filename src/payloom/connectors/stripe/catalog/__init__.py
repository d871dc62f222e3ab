"""Stripe's operations, events and resources, read from the official SDK's source."""
