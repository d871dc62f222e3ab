"""Routes for the current user, for sessions and for accounts."""
