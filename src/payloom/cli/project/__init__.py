"""Commands that work on a project's files."""
