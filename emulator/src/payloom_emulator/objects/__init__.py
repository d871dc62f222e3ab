"""What Stripe's objects hold, as types: generated from the official SDK, and the private state beside them by hand."""
