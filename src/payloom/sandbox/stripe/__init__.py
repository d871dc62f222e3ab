"""The Stripe of a sandbox: it answers without a network and remembers what was asked."""
