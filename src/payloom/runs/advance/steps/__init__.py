"""What a turn does for a step: calls to the outside, table steps, and the runs that changed rows start."""
