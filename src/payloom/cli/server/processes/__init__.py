"""The processes that commands start, watch and stop: servers, and the local Stripe."""
