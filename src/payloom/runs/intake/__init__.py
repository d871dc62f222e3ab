"""How runs start: events, callers, and the backfill of missed events."""
