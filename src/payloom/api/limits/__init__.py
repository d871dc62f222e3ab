"""Limits of requests and connections per client and in all."""
