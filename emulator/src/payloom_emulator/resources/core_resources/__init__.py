"""Core resources: payments and what belongs to them."""
