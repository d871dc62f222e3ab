"""Database sessions, column types and migrations."""
