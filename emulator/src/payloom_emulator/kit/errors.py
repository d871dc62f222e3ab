"""The root of every error Payloom raises on purpose.

    PayloomError                 a failure a person can cause or meet; carries what, where and what to do next
    └── <Room>Error              one base per room, in that room's errors.py
        └── <Fact>               a statement about the world, e.g. `RowNotFound`

Each class has a one-sentence docstring (the default message), a stable `code` and the HTTP `status` it maps to.
"""

from __future__ import annotations

from typing import ClassVar


class PayloomError(Exception):
    """Something went wrong."""

    code: ClassVar[str] = "payloom_error"
    status: ClassVar[int] = 500

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, where: str | None = None, **data: object
    ) -> None:
        """Build the error.

        message: one sentence saying what happened; defaults to the class docstring.
        hint: what to do next, as an imperative sentence.
        where: file:line:column, step path or field.
        data: JSON-able facts for programs (never secrets).
        """
        self.message = message or (type(self).__doc__ or "Something went wrong.").strip().splitlines()[0]
        self.hint = hint
        self.where = where
        self.data = data
        super().__init__(self.message)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        return f"{text} ({self.hint})" if self.hint else text

    def to_dict(self) -> dict[str, object]:
        """Return the wire form: `{code, message, hint?, where?, ...data}`."""
        body: dict[str, object] = {"code": self.code, "message": self.message}
        if self.hint:
            body["hint"] = self.hint
        if self.where:
            body["where"] = self.where
        body.update(self.data)
        return body
