"""`auth:` in payloom.yaml: how people sign up and in, and what staff must show."""

from __future__ import annotations

import dataclasses
from typing import Annotated, Literal

from pydantic import Field

from payloom.settings.sections.base import Section

FactorPolicy = Literal["required", "optional"]
SignUpAnswer = Literal["at_once", "by_mail"]
PROOF_MINUTES = 15
"""For which a proof of the owner holds, where nothing else is set."""


class StaffSection(Section):
    """What accounts with a role in the studio must show."""

    second_factor: FactorPolicy | None = Field(
        None,
        description="Whether the studio opens only to staff with a second factor: `required` (the default outside dev) or `optional`.",
    )
    proof_minutes: Annotated[int, Field(ge=1, le=720)] | None = Field(
        None,
        description="Minutes for which a proof holds before the studio asks again for a dangerous change; default: 15 outside dev, never in dev.",
    )


class AuthSection(Section):
    """How people sign up and in."""

    sign_up: SignUpAnswer | None = Field(
        None,
        description="`by_mail` (the default outside dev) answers the same for every address and signs in after the mailed link; `at_once` signs in with the sign-up.",
    )
    staff: StaffSection = Field(
        StaffSection(),  # type: ignore[call-arg] - Field's positional default is not seen
        description="What accounts with a role in the studio must show.",
    )


@dataclasses.dataclass(frozen=True, slots=True)
class AccessSettings:
    """How people sign up and in. The defaults are those of dev.

    second_factor: of accounts with a role in the studio. proof_minutes: for which a proof holds before a dangerous
    change in the studio; None: it is never asked for. sign_up: whether it signs in, or waits for the mailed link.
    """

    second_factor: FactorPolicy = "optional"
    proof_minutes: int | None = None
    sign_up: SignUpAnswer = "at_once"


def resolve_access(section: AuthSection, environment: str) -> AccessSettings:
    """Return how people sign up and in; what is not set is open in dev, where everything is made up."""
    is_dev, staff = environment == "dev", section.staff
    return AccessSettings(
        second_factor=staff.second_factor or ("optional" if is_dev else "required"),
        proof_minutes=staff.proof_minutes or (None if is_dev else PROOF_MINUTES),
        sign_up=section.sign_up or ("at_once" if is_dev else "by_mail"),
    )
