"""An email as its template makes it: with data that fits what the template reads, or with data that is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from payloom.api.http.errors import BadRequest
from payloom.email.errors import TemplateError
from payloom.email.templates import SUFFIX, Templates

FOLDER = "emails"


def preview(root: Path, path: str, text: str, data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fill in a template. root: the project's folder. text: that of the template. Raises BadRequest."""
    folder, _, file = path.partition("/")
    name = file.removesuffix(SUFFIX)
    if folder != FOLDER or not file.endswith(SUFFIX) or ".." in Path(file).parts:
        raise BadRequest(f"{path[:80]!r} is no template of an email", hint=f"Name a file emails/NAME{SUFFIX}.")
    templates = Templates(root / FOLDER, {name: text})
    values: Mapping[str, Any] = data or {}
    try:
        if data is None:
            values = templates.sample(name)
        mail = templates.render(name, values)
    except TemplateError as error:
        problem = {"message": error.message, "hint": error.hint, "where": error.where}
        return {"subject": "", "html": "", "text": "", "data": dict(values), "problem": problem}
    return {"subject": mail.subject, "html": mail.html, "text": mail.text, "data": dict(values), "problem": None}
