"""A local Stripe for tests and demos. It imports nothing of Payloom."""

__version__ = "0.1.0"
