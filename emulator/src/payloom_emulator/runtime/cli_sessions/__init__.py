"""What Stripe's CLI is told while it is connected: events for `stripe listen`, requests for `stripe logs tail`."""
