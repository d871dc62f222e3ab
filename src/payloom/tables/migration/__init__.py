"""Bringing the database's tables to what tables.yaml says, without losing data."""
