"""Backups: a consistent copy of a database in one file, and the way back."""
