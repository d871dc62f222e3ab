"""The plain-text part of a mail, made from its HTML: lines for blocks, addresses after links, no styles.

The HTML is what MJML writes and what Jinja has escaped. One expression steps through it, from tag to tag: a parser that
takes every attribute of every table apart costs ten times as much as the rest of a mail.
"""

from __future__ import annotations

import re
from html import unescape

_UNSEEN = "style|script|head|title"
_BLOCKS = frozenset({"p", "div", "tr", "table", "ul", "ol", "blockquote", "h1", "h2", "h3", "h4", "section"})
_OPENED = {"br": "\n", "li": "\n- ", "td": "\t", "th": "\t", "hr": "\n----\n", **dict.fromkeys(_BLOCKS, "\n")}
_CLOSED = dict.fromkeys(_BLOCKS, "\n")
_TOKEN = re.compile(
    rf"""<(?:!--.*?-->                                                    # a comment
          |((?i:{_UNSEEN}))\b[^>]*+>(?:.*?(?i:</\1\s*+>)|.*+)                       # nothing that anybody reads
          |(/?)([a-zA-Z][^\s/>]*+)([^>"']*+(?:(?:"[^"]*+"|'[^']*+')[^>"']*+)*+)>
          |[!?][^>]*+>)                                                   # a doctype
    """,
    re.DOTALL | re.VERBOSE,
)
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
    for token in _TOKEN.finditer(html):
        if token.start() > at:
            parts.append(_read(html[at : token.start()]))
        at = token.end()
        name = token[3]
        if name is None:
            continue
        tag = name.lower()
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
    parts.append(_read(html[at:]))
    return parts


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
