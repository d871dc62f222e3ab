"""A cookie of ours is the one with exactly its name: no neighbor's cookie takes its place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.requests import Request

import payloom
from payloom.api.http.current_user import sole_cookie

NAME = "__Host-payloom_session"


def visit(*fields: bytes) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", field) for field in fields]})


@pytest.mark.parametrize(
    "fields",
    [
        [b"__Host-payloom_session=ours"],
        [b"a=b; __Host-payloom_session=ours;c=d"],
        [b"a=b", b"\t__Host-payloom_session=ours "],
        [b"\xa0__Host-payloom_session=theirs; __Host-payloom_session=ours"],
        [b"__Host-payloom_session\x85=theirs; __Host-payloom_session=ours"],
        [b"__host-payloom_session=theirs; __Host-payloom_session=ours"],
    ],
)
def test_the_cookie_with_the_name_is_read(fields: list[bytes]) -> None:
    assert sole_cookie(visit(*fields), NAME) == "ours"


@pytest.mark.parametrize(
    "fields",
    [
        [],
        [b"__Host-payloom_session="],
        [b"__Host-payloom_session"],
        [b"=__Host-payloom_session=theirs"],
        [b"\xa0__Host-payloom_session=theirs"],
        [b"__Host-payloom_session\xa0=theirs"],
        [b"__HOST-payloom_session=theirs"],
        [b"__Host-payloom_session=theirs; __Host-payloom_session=ours"],
        [b"__Host-payloom_session=theirs", b"__Host-payloom_session=ours"],
    ],
)
def test_a_cookie_that_may_be_a_neighbors_is_none(fields: list[bytes]) -> None:
    assert sole_cookie(visit(*fields), NAME) is None


def test_no_cookie_is_read_in_another_way() -> None:
    source = Path(payloom.__file__).parent
    readers = [
        path.name for path in source.rglob("*.py") if re.search(r"\.cookies\b|cookie_parser", path.read_text("utf-8"))
    ]
    assert readers == []
