"""The text of a mail says what its HTML says, as the standard library's parser reads it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payloom.email.plain_text import plain_text
from payloom.email.templates import Templates

SHOP = Path(__file__).parents[3] / "templates" / "shop" / "emails"
BLOCKS = {"p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "section"}
SEPARATE = {"br": "\n", "li": "\n- ", "td": "\t", "th": "\t", "hr": "\n----\n", **dict.fromkeys(BLOCKS, "\n")}


class Slow(HTMLParser):
    """What `plain_text` is to give, by a whole parser."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "head", "title"):
            self.unseen += 1
        elif tag in SEPARATE:
            self.parts.append(SEPARATE[tag])
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "head", "title"):
            self.unseen -= 1
        elif tag in BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self.links:
            address, start = self.links.pop()
            text = "".join(self.parts[start:]).strip()
            if address.startswith(("http:", "https:", "mailto:")) and address.removeprefix("mailto:") != text:
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(re.sub(r"[ \t\r\n]+", " ", data))


def slow(html: str) -> str:
    parser = Slow()
    parser.feed(html)
    parser.close()
    lines = [re.sub(r"[ \t]*\t[ \t]*", "  ", line).strip() for line in "".join(parser.parts).split("\n")]
    text = "\n".join(re.sub(r" +(?=\S)", lambda run: run[0][:2], line) for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


ORDER = {"id": "0b8e4f1e-0000", "currency": "usd", "items": [{"quantity": 2, "name": "Mug <b> & 'x'", "amount": 1}]}
EVERYTHING = {"order": ORDER, "total": "$0.02", "name": "Ada", "url": "https://x.test/?a=1&b=2", "amount": 1}


def test_the_shops_own_receipt() -> None:
    mail = Templates(SHOP).render("receipt", EVERYTHING)
    assert "Mug <b> & 'x'" in mail.text
    assert mail.text == slow(mail.html)


@pytest.mark.parametrize(
    "html",
    [
        "",
        "plain & simple &amp; &lt;b&gt; &nbsp;x&#8203;",
        "<!doctype html><html><head><title>no</title><style>p > a { x: y }</style></head><body><p>yes</p></body></html>",
        "<p>a<!-- <p>no</p> -->b<!--[if mso]><table><tr><td><![endif]-->c<!--[if !mso]><!-->d<!--<![endif]-->e",
        "<div title=\"a > b\" style='x'>one</div><div>two<br/>three<br>four<hr></div>",
        '<a href="https://x.test/?a=1&amp;b=2">Pay &amp; go</a> <a href="mailto:a@x.test">a@x.test</a> <a>none</a>',
        "<A HREF=https://x.test>Pay</A><IMG ALT='a picture' SRC=x><img src=y>",
        "<table><tr><th>a</th><td> b </td></tr><tr><td>c</td><td>d</td></tr></table>",
        "<script>if (a < b) { document.write('<p>no</p>') }</script>yes<style></style>",
        "1 < 2 and 3 > 2 <3",
        "a    b\u00a0 c     \u00a0 d\n\n\n\ne",
        "<ul><li>one<li>two</ul><ol><li> three </li></ol>",
        "</p></a><p>stray</p>",
    ],
)
def test_whatever_is_written_reads_the_same(html: str) -> None:
    assert plain_text(html) == slow(html)


TAGS = st.sampled_from([*SEPARATE, "span", "b", "mj-text"])
PIECE = st.one_of(
    st.text(st.characters(codec="utf-8", exclude_characters="<>&\x00"), max_size=12),
    st.sampled_from(["&amp;", "&lt;", "&nbsp;", "   ", "\n\n", "<!-- <td> -->", "<br/>", '<img alt="&quot;x&quot;">']),
    TAGS.map(lambda tag: f"<{tag}>"),
    TAGS.map(lambda tag: f"</{tag}>"),
    TAGS.map(lambda tag: f"<{tag} class='a > b' style=\"c: d\">"),
    st.sampled_from(["<a href='https://x.test'>", '<a href="mailto:x&amp;y@x.test">', "</a>", "<style>a > b</style>"]),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECE, max_size=25).map("".join))
def test_any_well_formed_mail_reads_the_same(html: str) -> None:
    assert plain_text(html) == slow(html)
