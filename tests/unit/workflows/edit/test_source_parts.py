"""A file read step by step is what it is read as a whole: the same data, the same places, the same findings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workflow_driver import EXAMPLES

from payloom.kit.diagnostics import Place
from payloom.kit.yaml import incremental
from payloom.kit.yaml.reader import read_source

if TYPE_CHECKING:
    from payloom.kit.yaml.source import Source

ROOT = Path(__file__).parents[4]
LONG = (
    "name: Long  # with ${{ env.X }}\non:\n  manual: true\n\nsteps:  # here\n  # first\n"
    + "".join(
        f"  - id: s{n}\n    log: |\n      a {n}\n\n       b\n    level: info # é\n\n  # about the next\n  - if: s{n} == null\n    then:\n      - return: {{a: [1, 'x: y', \"${{{{ s{n} }}}}\"], b: {{}}}}\n"
        for n in range(8)
    )
    + "\n# the end\non_error:\n  - log: >-\n      folded\n      text\nvars: {a: 1}\n"
)


def whole(text: str) -> Source:
    """Read a text in one go: a carriage return at the end of a comment keeps it from being cut."""
    return read_source(text + "#\r\n", "f")


def places(source: Source) -> list[dict[Any, Any]]:
    """Every place, as plain as it is."""
    plain = [
        {
            path: Place(place.line, place.column, place.end_line, place.end_column, place.start, place.end)
            for path, place in of.items()
        }
        for of in (source.values, source.keys)
    ]
    return [*plain, dict(source.scalars.items())]


def test_a_long_file_is_cut_and_read_the_same() -> None:
    pieces = incremental.cut(LONG)
    assert pieces is not None
    assert len(pieces.chunks) == 16
    pieced, other = read_source(LONG, "f"), whole(LONG)
    assert not isinstance(pieced.values, dict)
    assert isinstance(other.values, dict)
    assert pieced.data == other.data
    assert pieced.diagnostics == other.diagnostics == []
    assert places(pieced)[1:] == places(other)[1:]
    top = {(), ("vars",)}  # what stands after the end of the text differs
    pieced_places, whole_places = (
        {path: place for path, place in places(source)[0].items() if path not in top} for source in (pieced, other)
    )
    assert pieced_places == whole_places
    for path, place in pieced.keys.items():
        assert LONG[place.start : place.end] == path[-1]


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("workflows/*.yaml")), ids=lambda path: path.stem)
def test_workflows_of_the_templates_are_read_the_same(path: Path) -> None:
    text = path.read_bytes().decode()
    pieced, other = read_source(text, "f"), whole(text)
    assert (pieced.data, pieced.diagnostics) == (other.data, other.diagnostics)
    assert places(pieced)[1:] == places(other)[1:]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([LONG, *(path.read_text() for path in sorted(EXAMPLES.glob("*.yaml")))]),
    st.floats(0, 1),
    st.integers(0, 25),
    st.sampled_from(
        ["", "\n", "'", '"', "- ", "  ", "{", "]", ": ", "#", "\n- x\n", "\n---\n", "|", "${{ a }}", "\n  - b"]
    ),
)
def test_whatever_is_typed_the_same_is_read(text: str, where: float, cut: int, typed: str) -> None:
    at = int(where * len(text))
    changed = text[:at] + typed + text[min(at + cut, len(text)) :] + "\n"
    pieced, other = read_source(changed, "f"), whole(changed)
    if not isinstance(other.data, dict) or not isinstance(pieced.data, dict):
        # `whole` adds a comment. It can save a text that ends in the middle of something, or belong to a block scalar.
        return
    assert pieced.data == other.data
    assert [diagnostic.message for diagnostic in pieced.diagnostics] == [
        diagnostic.message for diagnostic in other.diagnostics
    ]
    assert places(pieced)[1] == places(other)[1]
