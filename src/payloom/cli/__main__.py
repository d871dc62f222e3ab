"""`python -m payloom.cli`."""

from __future__ import annotations

from payloom.cli import main

main()
