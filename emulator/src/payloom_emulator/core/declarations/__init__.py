"""What a resource declares: its schema, its endpoints, and its API changes."""
