"""Versions of workflows, their publication, and the triggers that match an event."""
