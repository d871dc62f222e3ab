"""A scenario: events, calls and faults that happen to one simulated process, and what is left afterwards."""
