"""Edits of a workflow file that touch only the lines they change."""
