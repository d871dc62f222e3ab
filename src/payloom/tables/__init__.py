"""The user's own tables: declaration, migration, and the one place that builds their SQL."""
