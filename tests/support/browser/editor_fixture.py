"""A workflow of its own in the running demo, its file, and a page with its editor."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Locator, Page, expect
from tests.support.browser.studio_fixture import OpenPage, Studio
from tests.support.present import present

TEXT = """\
# What support does when a customer is unhappy.
name: Make it right
on:
  manual: true        # by hand only
  auth: [admin]

steps:
  - id: first         # the first one
    let: {n: 1}
  # about the second
  - id: second
    let:   {n: 2}     # odd blanks stay
  - if: first.n == 1
    then:
      - log: inside   # in the branch
  - log: last
"""


EditorMaker = Callable[..., "EditorPage"]
"""Makes a workflow, by default TEXT, and opens its editor. Options are those of `OpenPage`."""


class EditorPage:
    """A workflow of its own, its file, and a page that shows its editor."""

    def __init__(self, studio: Studio, open_page: OpenPage, text: str = TEXT, **options: Any) -> None:
        self.id = f"edit-{uuid.uuid4().hex[:8]}"
        self.file = studio.shop.folder / "workflows" / f"{self.id}.yaml"
        studio.post("/workflows", {"id": self.id, "text": text.replace("NAME", self.id)})
        self.page: Page = open_page(f"/workflows/{self.id}", **options)

    def card(self, words: str) -> Locator:
        """The card of a step, by the words it shows."""
        cards = self.page.get_by_role("button", name=re.compile(rf"\b{re.escape(words)}\b.* step \d+ of"))
        expect(cards.first).to_be_visible()
        return cards.first

    def place(self, words: str) -> Locator:
        """A place where a step can be put."""
        return self.page.get_by_role("button", name=words, exact=True)

    def save(self) -> str:
        self.page.keyboard.press("Control+s")
        expect(self.page.get_by_text("Published", exact=True)).to_be_visible()
        return self.file.read_text("utf-8")

    def drag(self, card: Locator, place: Locator) -> None:
        """Drag a card onto a place, as a hand does: in steps."""
        card.hover(position={"x": 30, "y": 20})  # waits until the card stands still and can be hit
        start, end = card.bounding_box(), place.bounding_box()
        mouse = self.page.mouse
        mouse.down()
        mouse.move(present(start)["x"] + 40, present(start)["y"] + 40, steps=4)
        mouse.move(
            present(end)["x"] + present(end)["width"] / 2, present(end)["y"] + present(end)["height"] / 2, steps=8
        )
        expect(self.page.locator(".flow-aim")).to_have_count(1)
        mouse.up()
