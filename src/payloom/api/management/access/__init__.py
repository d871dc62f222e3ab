"""Authentication and roles of the management API."""
