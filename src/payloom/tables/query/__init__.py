"""Rows: conditions, statements, results and references between tables."""
