"""Plays the five payment flows of the shop over HTTP, as browsers would, and collects the evidence of each."""
