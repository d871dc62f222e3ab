"""Declarations of the v2 API: accounts, persons, links, tokens, and streams of meter events."""
