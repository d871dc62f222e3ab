"""Connect, short-lived sessions and webhooks."""
