"""Routes for what a project stores: its tables, their rows, and the copies of Stripe objects."""
