"""The checks that need no run: names, references, types, and what is known to go wrong with money."""
