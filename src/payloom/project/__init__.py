"""A project's folder: loading, checking and publishing it."""
