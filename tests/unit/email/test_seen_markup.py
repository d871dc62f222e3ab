"""Tags that a mail has in common with an earlier one come to the same text as if they were taken apart again."""

from __future__ import annotations

import random

from payloom.email import plain_text as module
from payloom.email.plain_text import plain_text

CELL = "<td style='padding:0;margin:0;border:0;font-size:13px;a>b'>"
PIECES = (
    *("<p>", "</p>", "<br/>", "</td>", CELL, "<div class='abcdefghijklmnopqrstuvwxyzabcdefghijk'>", "<tbody>", "<hr>"),
    *('<a href="https://x.test/?a=1&amp;b">', "</a>", "<a>", "<img alt='A &lt;b'>", "<li>", "<li", "</li>"),
    *("<!-- c > -->", "<!-- u >", "<!--[if mso]><!-->", "<!--", "-->", "<!-->", "<!doctype html>"),
    *("<style>p{}</style>", "<STYLE>", "</style >", "<script>x</script>", "<head><p>", "</head>", "<titles>"),
    *("text", "a &amp; b", " ", "\n", "<", "</", ">", '"', "'"),
)


def test_tags_that_were_seen_before_come_to_the_same_text() -> None:
    chance = random.Random(5)
    pages = ["".join(chance.choices(PIECES, k=chance.randint(1, 14))) for _ in range(6_000)]
    module._seen.clear()
    warm = [plain_text(page) for page in pages]
    looked_up = sum(map(len, module._seen.values()))
    again = [plain_text(page) for page in pages]
    cold: list[str] = []
    for page in pages:
        module._seen.clear()
        cold.append(plain_text(page))
    assert warm == cold
    assert again == cold
    assert looked_up > 20, "some were looked up"


def test_what_the_text_around_decides_is_taken_apart_each_time() -> None:
    """A link's address, a picture, a comment without an end, and what follows a style without one."""
    module._seen.clear()
    for own in ("<a href='https://x.test/'>", f"{CELL}<img alt='A'>", f"{CELL}<!-- u >", f"{CELL}<!-->"):
        plain_text(f"{own}x</p>")
        assert not any(known.markup == own for alike in module._seen.values() for known in alike)
    plain_text(f"x{CELL}<style>")
    assert not module._seen
    plain_text(f"x{CELL}y")
    assert [known.markup for known in module._seen[CELL[: module._BEGINNING]]] == [CELL]
