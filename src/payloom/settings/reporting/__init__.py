"""What the settings are, for people and editors: effective values with their sources, and a JSON Schema."""
