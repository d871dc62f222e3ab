"""The running local Stripe: it answers one request, delivers events, and runs timers."""
