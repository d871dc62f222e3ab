"""Invoices that a subscription would get."""
