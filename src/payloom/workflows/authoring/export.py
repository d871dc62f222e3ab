"""A workflow written in Python as a file: from then on it is shown and edited like any other."""

from __future__ import annotations

from payloom.workflows.authoring.declare import Definition
from payloom.workflows.edit.formatting import format_text
from payloom.workflows.edit.yaml_writer import block


def to_yaml(definition: Definition) -> str:
    """Return the file's text, in canonical style."""
    return format_text(block(dict(definition.data)))
