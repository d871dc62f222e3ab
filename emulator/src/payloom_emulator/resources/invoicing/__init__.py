"""Invoices, what is on them, what pays them and what takes from them."""
