"""Tests of workflows: cases in YAML, each also delivered twice, out of order and killed after every step; and storms.

    payloom test                    every *.test.yaml of a project
    payloom storm                   the same cases under random faults, one seed per scenario
    payloom dry-run FILE            a draft on recorded events, with all effects held back

A scenario plays deliveries against the real runs code on a real SQLite database in memory. Only the outside is made up:
Stripe, the mail server, web addresses and the clock.
"""
