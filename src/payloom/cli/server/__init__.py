"""Commands that run a process: the server, the worker, the demo, the local Stripe."""
