"""The types of Stripe's objects are generated from the official SDK, and up to date with the installed one."""

from __future__ import annotations

from emulator.tools import generate_objects


def test_the_types_of_objects_are_those_of_the_installed_sdk() -> None:
    assert generate_objects.main(["--check"]) == 0, "run: python -m emulator.tools.generate_objects"
