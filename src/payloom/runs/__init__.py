"""The application: publish versions, match triggers, start, advance and show runs."""
