"""The plain-text part of a mail, made from its HTML: lines for blocks, addresses after links, no styles."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_SKIPPED = frozenset({"style", "script", "head", "title"})
_BLOCKS = frozenset({"p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "section"})


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.skipping = 0
        self.links: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self.skipping += 1
        elif tag in _BLOCKS or tag == "br":
            self.parts.append("\n")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in ("td", "th"):
            self.parts.append("\t")
        elif tag == "img":
            self.parts.append(dict(attrs).get("alt") or "")
        elif tag == "hr":
            self.parts.append("\n----\n")
        elif tag == "a":
            self.links.append((dict(attrs).get("href") or "", len(self.parts)))

    def handle_endtag(self, tag: str) -> None:
        if tag in _SKIPPED:
            self.skipping = max(self.skipping - 1, 0)
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag == "a" and self.links:
            address, start = self.links.pop()
            text = "".join(self.parts[start:]).strip()
            if address.startswith(("http:", "https:", "mailto:")) and address.removeprefix("mailto:") != text:
                self.parts.append(f" ({address})")

    def handle_data(self, data: str) -> None:
        if not self.skipping:
            self.parts.append(re.sub(r"[ \t\r\n]+", " ", data))  # no-break spaces stay


def plain_text(html: str) -> str:
    """Return readable text for `html`, ending in a line break."""
    parser = _Text()
    parser.feed(html)
    parser.close()
    lines = [re.sub(r"[ \t]*\t[ \t]*", "  ", line).strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(re.sub(r" +(?=\S)", _spaces, line) for line in lines)).strip() + "\n"


def _spaces(match: re.Match[str]) -> str:
    # Two blanks set table cells apart; longer runs are left over from markup.
    return match[0][:2]
