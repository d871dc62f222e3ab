"""How one request is answered: its route, its limits, its idempotency key, and the faults that are asked for."""
