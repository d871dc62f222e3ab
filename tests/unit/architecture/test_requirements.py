"""Every package that Payloom requires at run time is one that its code imports, or has its reason here."""

from __future__ import annotations

import ast
import importlib.metadata
import re
from pathlib import Path

from tests.support.packages.source_trees import statements

ROOT = Path(__file__).parents[3]
NOT_IMPORTED = {
    "httptools": "uvicorn's faster parser, chosen by name",
    "tzdata": "the time zones, for machines that have none",
    "uvloop": "uvicorn's faster event loop, chosen by name",
    "python-multipart": "the local Stripe requires it, and it is pinned with the rest",
}


def required() -> set[str]:
    lines = (ROOT / "requirements" / "runtime.in").read_text("utf-8").splitlines()
    return {re.split(r"[\[<>=;]", line)[0].strip() for line in lines if line and not line.startswith("#")}


def imported() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in statements(path):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(node.module.partition(".")[0])
    packages = importlib.metadata.packages_distributions()
    # A package that is not installed yet has the name of what is imported, as far as it is known.
    return {distribution.lower().replace("_", "-") for name in names for distribution in packages.get(name, (name,))}


def test_every_required_package_is_imported_or_has_a_reason() -> None:
    assert required() - imported() == set(NOT_IMPORTED)
