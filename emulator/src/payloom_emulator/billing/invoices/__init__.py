"""Invoices: their items and lines, finalizing, collecting, and credit notes."""
