"""The local Stripe's front page and what lies behind it: lists, objects, events, the log of requests."""
