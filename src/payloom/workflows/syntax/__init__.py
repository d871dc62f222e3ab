"""Workflow files as text: YAML with positions, and the model of a file."""
