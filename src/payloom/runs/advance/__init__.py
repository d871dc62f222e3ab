"""Advancing a run: turns in a transaction, steps outside of it."""
