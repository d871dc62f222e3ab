"""The local Stripe. Stands alone: imports kit only, and nothing but the command line starts it."""
