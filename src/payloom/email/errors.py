"""What can go wrong with email.

EmailError
├── TemplateError       a template cannot be read or filled in; `where` is file:line
│   └── UnknownTemplate
├── BadMail             the mail itself cannot be sent: no such address, a line break in a header, too large
├── MailRefused         the server said no for good
├── MailDelayed         nothing was sent; trying again may help
└── MailUnknown         the mail may have been sent: the server went silent at the wrong moment
"""

from __future__ import annotations

from typing import ClassVar

from payloom.kit.errors import PayloomError


class EmailError(PayloomError):
    """Payloom could not send the email."""

    code: ClassVar[str] = "email_error"
    retryable: ClassVar[bool] = False


class TemplateError(EmailError):
    """The email template has an error."""

    code: ClassVar[str] = "email_template"


class UnknownTemplate(TemplateError):
    """No email template has this name."""

    code: ClassVar[str] = "unknown_template"


class BadMail(EmailError):
    """The email is not valid."""

    code: ClassVar[str] = "bad_mail"
    status: ClassVar[int] = 422


class MailNotFound(EmailError):
    """No email has this ID."""

    code: ClassVar[str] = "mail_not_found"
    status: ClassVar[int] = 404


class MailRefused(EmailError):
    """The mail server rejected the email."""

    code: ClassVar[str] = "mail_refused"
    status: ClassVar[int] = 502


class MailDelayed(EmailError):
    """The mail server can't accept the email now."""

    code: ClassVar[str] = "mail_delayed"
    status: ClassVar[int] = 503
    retryable: ClassVar[bool] = True


class DeliveryUnknown(EmailError):
    """The mail server did not confirm that it accepted the email."""

    code: ClassVar[str] = "mail_unknown"
    status: ClassVar[int] = 502
    retryable: ClassVar[bool] = True
