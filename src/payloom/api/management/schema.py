"""Writes the OpenAPI document of the management API, and the tables of calls and of rights in the reference.

`python -m payloom.api.management.schema` in the repository writes them; with the name of one, only that. The studio's
client is generated from the document. Tests compare both with the code.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from payloom.api.management.access.rights import rights_table
from payloom.api.management.app import management_app
from payloom.api.management.openapi_document import openapi_document

BEGIN, END = "<!-- calls: made from the code -->", "<!-- end of calls -->"
"""Between these the reference holds `endpoint_table()`."""
RIGHTS_BEGIN, RIGHTS_END = "<!-- rights: made from the code -->", "<!-- end of rights -->"
ROLES_PAGE = "docs/reference/roles.md"


def schema_text() -> str:
    """Return the document as it is committed."""
    return json.dumps(openapi_document(management_app()), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def endpoint_table() -> str:
    """Return every operation with its role and what it does, as the reference shows them."""
    lines: list[str] = []
    document = json.loads(schema_text())
    for tag in document["tags"]:
        rows = [
            f"| `{method.upper()} {path}` | {operation['x-role']} | {_first_line(operation)} |"
            for path, operations in document["paths"].items()
            for method, operation in operations.items()
            if operation["tags"][0] == tag["name"]
        ]
        if rows:
            head = [f"### {tag['name']}", "", tag["description"], "", "| call | role | does |", "| --- | --- | --- |"]
            lines += [*head, *rows, ""]
    return "\n".join(lines)


def _first_line(operation: dict[str, Any]) -> str:
    return " ".join(operation.get("description", "").split("\n\n")[0].split()).replace("|", "\\|")


def write(target: Path) -> None:
    """Write the document into a JSON file, or a table into its place in a Markdown file."""
    if target.name == Path(ROLES_PAGE).name:
        _replace(target, RIGHTS_BEGIN, RIGHTS_END, rights_table(json.loads(schema_text())))
    elif target.suffix == ".md":
        _replace(target, BEGIN, END, endpoint_table())
    else:
        target.write_text(schema_text(), "utf-8")


def _replace(page: Path, begin: str, end: str, table: str) -> None:
    before, _, rest = page.read_text("utf-8").partition(begin)
    page.write_text(f"{before}{begin}\n\n{table}\n{end}{rest.partition(end)[2]}", "utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the management API's document and the tables of the reference.")
    parser.add_argument(
        "files", nargs="*", default=["studio/openapi.json", "docs/reference/management-api.md", ROLES_PAGE]
    )
    for name in parser.parse_args().files:
        write(Path(name))
