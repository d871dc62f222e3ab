"""Webhook intake: verify, store, dedupe. Knows nothing of any SDK."""
