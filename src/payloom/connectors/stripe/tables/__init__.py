"""Stripe's resources as tables: listing, searching and mirroring them."""
