"""What can go wrong with accounts.

AuthError
├── BadEmail, BadPassword, BadRole      422: what was given cannot be used
├── EmailTaken                          409
├── SignInRefused                       401: no such account, wrong password or disabled: not said which
├── TooManyAttempts                     429; `retry_after` in seconds
├── LinkNotValid                        403: used, expired or never made
└── UnknownAccount                      404
"""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class AuthError(PayloomError):
    """Something is wrong with an account."""

    code: ClassVar[str] = "auth_error"


class BadEmail(AuthError):
    """This is not an email address."""

    code: ClassVar[str] = "bad_email"
    status: ClassVar[int] = 422


class BadPassword(AuthError):
    """This password cannot be used."""

    code: ClassVar[str] = "bad_password"
    status: ClassVar[int] = 422


class BadRole(AuthError):
    """This is not the name of a role."""

    code: ClassVar[str] = "bad_role"
    status: ClassVar[int] = 422


class EmailTaken(AuthError):
    """There is an account with this address already."""

    code: ClassVar[str] = "email_taken"
    status: ClassVar[int] = 409


class SignInRefused(AuthError):
    """The address or the password is wrong."""

    code: ClassVar[str] = "sign_in_refused"
    status: ClassVar[int] = 401


class TooManyAttempts(AuthError):
    """Too many attempts to sign in."""

    code: ClassVar[str] = "too_many_attempts"
    status: ClassVar[int] = 429


class LinkNotValid(AuthError):
    """The link was used already, has expired, or was never made."""

    code: ClassVar[str] = "link_not_valid"
    status: ClassVar[int] = 403


class UnknownAccount(AuthError):
    """There is no such account."""

    code: ClassVar[str] = "unknown_account"
    status: ClassVar[int] = 404
