"""Declarations of Radar: value lists and evaluations of payments."""
