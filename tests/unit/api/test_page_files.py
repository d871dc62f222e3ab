"""A page file says where it is served, to whom, and with which rows; every mistake has its place."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import cast

import pytest
from tests.support.present import present

from payloom.pages.document import read_page
from payloom.pages.filters import date, money
from payloom.pages.templates import Templates
from payloom.workflows.catalog.catalog import Column, StaticCatalog, TableShape

ORDERS = TableShape("orders", {name: Column(name, "string") for name in ("id", "user_id", "created_at")})
CATALOG = StaticCatalog(tables={"orders": ORDERS})
SHOP_PAGES = Path(__file__).parents[3] / "templates" / "shop" / "pages"

GOOD = """---
path: /pay/{order_id}
auth: user
title: Pay
data:
  order: {select: orders, where: {id: "${{ params.order_id }}", user_id: "${{ user.id }}"}, one: required}
  recent: {select: orders, where: {user_id: "${{ user.id }}"}, order_by: -created_at, limit: 3, when: query.all == null}
---
<p>{{ order.id }}</p>
"""


def test_a_good_page_has_its_path_rights_and_queries() -> None:
    page, problems = read_page(GOOD, "pay.html.j2", CATALOG)
    assert problems == []
    assert (present(page).path, present(page).auth, present(page).title, present(page).parameters) == (
        "/pay/{order_id}",
        "user",
        "Pay",
        ["order_id"],
    )
    assert [query.name for query in present(page).queries] == ["order", "recent"]
    assert present(page).queries[1].args.source["order_by"] == "created_at desc"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("auth: user\n", "", "auth is missing"),
        ("auth: user", "auth: everybody", "auth is none, optional, user"),
        ("auth: user", "auth: none", "auth is none, so there is no user"),
        ("path: /pay/{order_id}", "path: pay", "path: the page's address"),
        ("path: /pay/{order_id}", "path: /api/pay", "belongs to Payloom"),
        ("title:", "titel:", "did you mean 'title'"),
        ("select: orders, where: {id", "select: order, where: {id", "did you mean 'orders'"),
        ('{id: "${{ params', '{idd: "${{ params', "did you mean 'id'"),
        ("params.order_id", "param.order_id", "did you mean 'params'"),
        ("params.order_id }}", "params. }}", "pay.html.j2:6"),
        ("  recent:", "  user:", "cannot be used here"),
        ("limit: 3", "limits: 3", "did you mean 'limit'"),
    ],
)  # fmt: skip
def test_a_mistake_is_shown_with_its_place(before: str, after: str, message: str) -> None:
    assert before in GOOD
    _, problems = read_page(GOOD.replace(before, after, 1), "pay.html.j2", CATALOG)
    assert problems
    text = "\n".join(problem.format() for problem in problems)
    assert message in text
    assert text.startswith("pay.html.j2:")


def test_line_numbers_count_from_the_top_of_the_file() -> None:
    _, problems = read_page(GOOD.replace("title:", "titel:"), "pay.html.j2", CATALOG)
    assert problems[0].line == 4


def test_a_file_without_a_head_is_refused() -> None:
    page, problems = read_page("<p>Hello</p>", "hello.html.j2", CATALOG)
    assert page is None
    assert "head" in problems[0].message


def test_a_syntax_error_in_the_template_has_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.html.j2").write_text("---\npath: /\nauth: none\n---\n\n{% if %}\n", "utf-8")
    [problem] = Templates(tmp_path, reload=False).check("bad.html.j2", "pages/bad.html.j2")
    assert (problem.file, problem.line) == ("pages/bad.html.j2", 6)


def test_every_template_of_the_shop_compiles() -> None:
    templates = Templates(SHOP_PAGES, reload=False)
    for path in SHOP_PAGES.glob("*.html.j2"):
        assert templates.check(path.name, path.name) == []


def test_values_are_escaped_and_unknown_names_are_errors(tmp_path: Path) -> None:
    (tmp_path / "x.html.j2").write_text("---\npath: /\n---\n<b>{{ name }}</b>", "utf-8")
    templates = Templates(tmp_path, reload=False)
    assert templates.render("x.html.j2", {"name": "<script>"}).strip() == "<b>&lt;script&gt;</b>"
    with pytest.raises(Exception, match="'name' is undefined"):
        templates.render("x.html.j2", {})


def test_a_template_cannot_reach_into_python(tmp_path: Path) -> None:
    (tmp_path / "x.html.j2").write_text("---\npath: /\n---\n{{ ''.__class__.__mro__[1].__subclasses__() }}", "utf-8")
    with pytest.raises(Exception, match=r"unsafe|undefined"):
        Templates(tmp_path, reload=False).render("x.html.j2", {})


def test_money_and_dates_are_shown_for_people() -> None:
    assert money(2198, "usd") == "$21.98"
    assert money(500, "jpy") == "¥500"
    assert date("2026-01-31T10:00:00Z") == "Jan 31, 2026"
    assert date(dt.date(2026, 1, 31), "long") == "January 31, 2026"
    with pytest.raises(TypeError):
        money(cast("int", 21.98), "usd")
    with pytest.raises(TypeError):
        date(None)
