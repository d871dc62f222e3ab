"""Sends every parameter of every operation to a local Stripe, and says what became of it."""
