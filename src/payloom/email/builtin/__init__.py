"""Payloom's own mails: about accounts. A project replaces one by a file of the same name in its `emails/`."""

from __future__ import annotations

from pathlib import Path

from payloom.email.templates import Templates

BUILTIN_TEMPLATES = Templates(Path(__file__).parent)
