"""The plain-text part of a mail, made from its HTML: lines for blocks, addresses after links, no styles.

The HTML is what MJML writes and what Jinja has escaped. One expression steps through it, from tag to tag: a parser that
takes every attribute of every table apart costs ten times as much as the rest of a mail.
"""

from __future__ import annotations

import dataclasses
import re
from html import unescape

_UNSEEN = "style|script|head|title"
_BLOCKS = frozenset({"p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "section"})
_OPENED = {"br": "\n", "li": "\n- ", "td": "\t", "th": "\t", "hr": "\n----\n", **dict.fromkeys(_BLOCKS, "\n")}
_CLOSED = dict.fromkeys(_BLOCKS, "\n")
_MARKUP = rf"""<(?:!--.*?-->                                             # a comment
          |((?i:{_UNSEEN}))\b[^>]*+>(?:.*?(?i:</\1\s*+>)|.*+)                       # nothing that anybody reads
          |(/?)([a-zA-Z][^\s/>]*+)([^>"']*+(?:(?:"[^"]*+"|'[^']*+')[^>"']*+)*+)>
          |[!?][^>]*+>)                                                   # a doctype
"""
_TOKEN = re.compile(_MARKUP, re.DOTALL | re.VERBOSE)
_TOKENS = re.compile(f"(?:{_MARKUP})+", re.DOTALL | re.VERBOSE)
"""All tags and comments between two texts."""
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_BLANKS = re.compile(r"[ \t\r\n]+")  # no-break spaces stay
_CELLS = re.compile(r"[ \t]*\t[ \t]*")
_LEFT_OVER = re.compile(r" {3,}(?=\S)")
"""Two blanks set table cells apart; longer runs are left over from markup."""
_GAPS = re.compile(r"\n{3,}")


def plain_text(html: str) -> str:
    """Return readable text for `html`, ending in a line break."""
    text = _CELLS.sub("  ", "".join(_parts(html)))
    lines = "\n".join([line.strip() for line in text.split("\n")])
    return _GAPS.sub("\n\n", _LEFT_OVER.sub("  ", lines)).strip() + "\n"


def _parts(html: str) -> list[str]:
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    at = 0
    while (start := html.find("<", at)) >= 0:
        known = _known(html, start)
        if known is not None:
            parts += (_read(html[at:start]), known.text)
            at = start + len(known.markup)
            continue
        tokens = _TOKENS.search(html, start)
        if tokens is None:
            break
        parts.append(_read(html[at : tokens.start()]))
        at = tokens.end()
        if not _add_parts(parts, links, tokens[0]) and at < len(html):
            _remember(tokens[0])
    parts.append(_read(html[at:]))
    return parts


@dataclasses.dataclass(frozen=True, slots=True)
class _Known:
    """All tags between two texts, where none is a link or a picture, and what they come to."""

    markup: str
    text: str


_seen: dict[str, list[_Known]] = {}
"""By how they begin. They are the same in each mail of a template, and comparing is quicker than taking them apart."""
_SHORTEST_COMMENT = len("<!---->")
_BEGINNING, _ALIKE, _MOST_SEEN, _LONGEST_SEEN = 40, 8, 256, 4000


def _known(html: str, start: int) -> _Known | None:
    alike = _seen.get(html[start : start + _BEGINNING], ())
    return next((known for known in alike if html.startswith(known.markup, start)), None)


def _remember(markup: str) -> None:
    """Keep tags that are the same wherever they stand: none is closed, or not, by what comes after them."""
    if not _BEGINNING <= len(markup) <= _LONGEST_SEEN or any(map(_is_open, _TOKEN.finditer(markup))):
        return
    if len(_seen) >= _MOST_SEEN:
        _seen.clear()
    alike = _seen.setdefault(markup[:_BEGINNING], [])
    if len(alike) < _ALIKE:
        parts: list[str] = []
        _add_parts(parts, [], markup)
        alike.append(_Known(markup, "".join(parts)))


def _is_open(token: re.Match[str]) -> bool:
    """Whether a comment has no end, so that it ends with the next one that stands somewhere."""
    return token[0].startswith("<!--") and (len(token[0]) < _SHORTEST_COMMENT or not token[0].endswith("-->"))


def _add_parts(parts: list[str], links: list[tuple[str, int]], markup: str) -> bool:
    """Add what tags come to; return whether one is a link or a picture, whose text is its own."""
    own = False
    for token in _TOKEN.finditer(markup):
        name = token[3]
        if name is None:
            continue
        tag = name.lower()
        own = own or tag in ("a", "img")
        if token[2]:
            if tag in _CLOSED:
                parts.append("\n")
            elif tag == "a" and links:
                _close_link(parts, *links.pop())
        elif tag in _OPENED:
            parts.append(_OPENED[tag])
        elif tag == "a":
            links.append((_attribute(token[4], "href"), len(parts)))
        elif tag == "img":
            parts.append(_attribute(token[4], "alt"))
    return own


def _read(text: str) -> str:
    return _BLANKS.sub(" ", unescape(text) if "&" in text else text)


def _close_link(parts: list[str], address: str, start: int) -> None:
    text = "".join(parts[start:]).strip()
    if address.startswith(("http:", "https:", "mailto:")) and address.removeprefix("mailto:") != text:
        parts.append(f" ({address})")


def _attribute(tag: str, name: str) -> str:
    """Return the value of a tag's attribute; empty if it has none."""
    for attribute in _ATTRIBUTE.finditer(tag):
        if attribute[1].lower() == name:
            return unescape(attribute[2] or attribute[3] or attribute[4] or "")
    return ""
