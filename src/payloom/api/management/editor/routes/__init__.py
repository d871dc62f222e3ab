"""The editor's routes."""
