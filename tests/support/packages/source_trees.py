"""The syntax trees of source files, for tests that hold a rule over all of them.

Such a test reads more than a thousand files, which have millions of nodes. Nine of ten are parts of expressions: who
asks for statements does not walk through them. A file of which the text shows that it cannot matter is not parsed.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def statements(path: Path) -> Iterator[ast.stmt]:
    """Yield all statements of a file, however deep, in their order, without walking through their expressions."""
    return _statements(ast.parse(path.read_text("utf-8")))


def _statements(node: ast.AST) -> Iterator[ast.stmt]:
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for child in getattr(node, part, ()):
            if isinstance(child, ast.stmt):
                yield child
            yield from _statements(child)


def nodes(path: Path, *, with_words: Iterable[str]) -> Iterator[ast.AST]:
    """Yield all nodes of a file that has one of the words; none of another file."""
    text = path.read_text("utf-8")
    return ast.walk(ast.parse(text)) if any(word in text for word in with_words) else iter(())
