"""Alerts: measures the project's health, remembers what was reported, and tells people once."""
