"""What a statement descriptor may hold: the text on the cardholder's statement."""

from __future__ import annotations

from payloom_emulator.protocol.errors import invalid

MAXIMUM = 22
_FORBIDDEN = frozenset("<>\\'\"*")


def check(descriptor: object, param: str) -> None:
    """Raise Stripe's 400 for a statement descriptor, or a part of one, that a bank would not show."""
    if not isinstance(descriptor, str) or not descriptor:
        return
    wrong = sorted(_FORBIDDEN & set(descriptor))
    if wrong:
        raise invalid(
            f"The statement descriptor contains the following invalid characters: {' '.join(wrong)}. It must not contain any of < > \\ ' \" *.",
            param,
        )
    if not any(character.isalpha() for character in descriptor):
        raise invalid("The statement descriptor must contain at least one letter.", param)
    if len(descriptor) > MAXIMUM:
        raise invalid(
            f"Invalid string: {descriptor[:10]}...{descriptor[-10:]}; must be at most {MAXIMUM} characters", param
        )
    if param.endswith("statement_descriptor") and len(descriptor) < 5:
        raise invalid("The statement descriptor must be at least 5 characters.", param)
