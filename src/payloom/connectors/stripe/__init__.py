"""Stripe as a connector: every operation of the official SDK is an action, every event type a trigger.

What exists and what it takes is read from the SDK's source (`sdk`, `schemas`, `operations`, `events`, `catalog`), so
looking things up never imports the SDK. Calling does (`client`, `perform`, `lookup`, `host`), on first use.
"""
