"""Storms: the project's cases and made-up sequences of their events, under random faults. One seed is one scenario."""
