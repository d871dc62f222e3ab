"""Neutral helpers: clock, ids, money, errors, secrets. No business word in it, and it imports no other room."""
