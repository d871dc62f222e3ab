"""Mistakes with the local Stripe's fixture. pyright must report the rules in the comments, on these lines only."""

from __future__ import annotations

from payloom_emulator.embedded import RunningEmulator


def test_the_fixture_is_misread(stripe_emulator: RunningEmulator) -> None:
    """Use what the fixture does not have."""
    port: int = stripe_emulator.url  # error: reportAssignmentType
    stripe_emulator.advance(1.5)  # error: reportArgumentType
    stripe_emulator.fail_next("card_declined")  # error: reportCallIssue
    stripe_emulator.reset(port)  # error: reportCallIssue
    stripe_emulator.forward("30d")  # error: reportAttributeAccessIssue, reportUnknownMemberType
