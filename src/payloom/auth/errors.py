"""What can go wrong with accounts.

AuthError
├── BadEmail, BadPassword, BadRole      422: what was given cannot be used
├── EmailTaken                          409
├── UnverifiedAccount                   409: a role for an unverified address
├── SignInRefused                       401: no such account, wrong password or disabled: not said which
├── SecondFactorNeeded                  401: the password was right; `challenge` waits for the second factor
├── FactorRefused                       403: a wrong, used or foreign code or passkey
├── TooManyAttempts                     429; `retry_after` in seconds
├── SignInBusy                          503; `retry_after` in seconds
├── AccountKept                         409: it cannot be deleted or disabled
├── LinkNotValid                        403: used, expired or never made
└── UnknownAccount                      404
"""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class AuthError(PayloomError):
    """An operation on an account failed."""

    code: ClassVar[str] = "auth_error"


class BadEmail(AuthError):
    """This is not an email address."""

    code: ClassVar[str] = "bad_email"
    status: ClassVar[int] = 422


class BadPassword(AuthError):
    """The password is too short, too long, or too common."""

    code: ClassVar[str] = "bad_password"
    status: ClassVar[int] = 422


class BadRole(AuthError):
    """The name of the role is not valid."""

    code: ClassVar[str] = "bad_role"
    status: ClassVar[int] = 422


class EmailTaken(AuthError):
    """An account with this address exists."""

    code: ClassVar[str] = "email_taken"
    status: ClassVar[int] = 409


class UnverifiedAccount(AuthError):
    """The account's address is not verified."""

    code: ClassVar[str] = "unverified_account"
    status: ClassVar[int] = 409


class SignInRefused(AuthError):
    """Incorrect email or password."""

    code: ClassVar[str] = "sign_in_refused"
    status: ClassVar[int] = 401


class SecondFactorNeeded(AuthError):
    """This account also asks for a second factor."""

    code: ClassVar[str] = "second_factor_needed"
    status: ClassVar[int] = 401


class FactorRefused(AuthError):
    """The code or the passkey is wrong, or was used before."""

    code: ClassVar[str] = "factor_refused"
    status: ClassVar[int] = 403


class TooManyAttempts(AuthError):
    """Too many attempts to sign in."""

    code: ClassVar[str] = "too_many_attempts"
    status: ClassVar[int] = 429


class SignInBusy(AuthError):
    """Too many people are signing in right now."""

    code: ClassVar[str] = "sign_in_busy"
    status: ClassVar[int] = 503


class AccountKept(AuthError):
    """The account cannot be disabled or deleted."""

    code: ClassVar[str] = "account_kept"
    status: ClassVar[int] = 409


class LinkNotValid(AuthError):
    """The link was used, has expired, or never existed."""

    code: ClassVar[str] = "link_not_valid"
    status: ClassVar[int] = 403


class UnknownAccount(AuthError):
    """No account has this address or ID."""

    code: ClassVar[str] = "unknown_account"
    status: ClassVar[int] = 404
