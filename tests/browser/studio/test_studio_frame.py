"""The frame around every page: addresses, themes, keys, the palette and the way in."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

PAGES = {
    "": "Overview",
    "/workflows": "Workflows",
    "/runs": "Runs",
    "/events": "Events",
}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("path", "heading"), PAGES.items())
def test_every_page_has_an_address_a_heading_and_no_barrier(open_page, axe, path, heading, theme):
    page = open_page(path, theme=theme)
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    page.wait_for_load_state("networkidle") if False else page.wait_for_timeout(300)
    assert axe(page) == []
    page.reload()
    expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()


def test_a_stranger_is_asked_in_and_comes_back_to_the_page_they_wanted(studio, page):
    page.goto(f"{studio.url}/runs?status=failed")
    page.get_by_role("button", name="Open the studio on this machine").click()
    expect(page.get_by_role("heading", level=1, name="Runs")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/studio/runs\?status=failed$"))
