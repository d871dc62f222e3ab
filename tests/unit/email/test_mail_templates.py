"""Mail templates: what they show, what they refuse, and where they say the mistake is."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from payloom.email.errors import TemplateError, UnknownTemplate
from payloom.email.templates import Templates

SHOP = Path(__file__).parents[3] / "templates" / "shop" / "emails"
ORDER = {
    "id": "0b8e4f1e-0000-4000-8000-000000000001",
    "currency": "usd",
    "items": [{"quantity": 2, "name": "Mug <b>bold</b>", "amount": 1400}],
}


def write(folder: Path, body: str, subject: str = "Hi", name: str = "note") -> Templates:
    folder = folder / "emails"
    folder.mkdir(exist_ok=True)
    text = f"---\nsubject: {subject}\n---\n<mjml><mj-body><mj-section><mj-column><mj-text>\n{body}\n"
    (folder / f"{name}.mjml.j2").write_text(text + "</mj-text></mj-column></mj-section></mj-body></mjml>\n")
    return Templates(folder)


def fails(templates: Templates, data: dict, name: str = "note") -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        templates.render(name, data)
    return caught.value


def test_every_template_of_the_shop_can_be_read_and_parts_are_not_templates() -> None:
    shop = Templates(SHOP)
    assert "receipt" in shop.names()
    assert not any(name.startswith("_") for name in shop.names())
    for name in shop.names():
        shop.check(name)


def test_a_receipt_shows_subject_html_and_text_with_values_escaped() -> None:
    mail = Templates(SHOP).render("receipt", {"order": ORDER, "total": "$28.00"})
    assert mail.subject == "Your receipt for order 0b8e4f1e"
    assert "Mug &lt;b&gt;bold&lt;/b&gt;" in mail.html
    assert "<b>bold" not in mail.html
    assert "2 × Mug <b>bold</b>  $28.00" in mail.text.splitlines()
    assert "Total  $28.00" in mail.text.splitlines()
    assert "fonts.googleapis.com" not in mail.html


def test_a_line_break_cannot_get_into_the_subject(tmp_path: Path) -> None:
    templates = write(tmp_path, "x", subject='"Order {{ name }}"')
    mail = templates.render("note", {"name": "a\r\nBcc: evil@example.test\u2028x & <y>"})
    assert mail.subject == "Order a Bcc: evil@example.test x & <y>"
    assert len(templates.render("note", {"name": "x" * 1000}).subject) == 250


def test_links_are_written_out_in_the_text(tmp_path: Path) -> None:
    mail = write(tmp_path, '<a href="{{ url }}">Pay</a><br/>or<ul><li>one</li><li>two</li></ul>').render(
        "note", {"url": 'https://x.test/?a=1&b="2"'}
    )
    assert 'Pay (https://x.test/?a=1&b="2")' in mail.text
    assert "\n- one\n" in mail.text
    assert 'href="https://x.test/?a=1&amp;b=&#34;2&#34;"' in mail.html or "&quot;2&quot;" in mail.html


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ 2198 | money('usd') }}", "$21.98"),
        ("{{ 500 | money('jpy') }}", "¥500"),
        ("{{ 2198 | money('EUR', 'de-DE') }}", "21,98\u00a0€"),
        ("{{ at | date }}", "Jan 31, 2026"),
        ("{{ at | date('long', 'de-DE') }}", "31. Januar 2026"),
        ("{{ at | date('yyyy-MM-dd', timezone='Asia/Tokyo') }}", "2026-02-01"),
        ("{{ day | date('short') }}", "1/31/26"),
        ("{{ order.items | length }}", "1"),
        ("{{ name or 'you' }}", "you"),
    ],
)
def test_filters_show_money_and_dates(tmp_path: Path, body: str, text: str) -> None:
    moment = dt.datetime(2026, 1, 31, 20, 0, tzinfo=dt.UTC)
    data = {"at": moment, "day": "2026-01-31", "order": ORDER, "name": None}
    assert write(tmp_path, body).render("note", data).text.strip() == text


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("Hello {{ nmae }}", "emails/note.mjml.j2:5: 'nmae' is undefined"),
        ("\nHello {{ order.naem }}", "emails/note.mjml.j2:6: 'dict object' has no attribute 'naem'"),
        ("Hello {{ nothing }}", "emails/note.mjml.j2:5: a value is null here"),
        ("{{ 21.98 | money('usd') }}", "emails/note.mjml.j2:5: money: an amount is a whole number"),
        ("{{ 2198 | money('dollars') }}", "emails/note.mjml.j2:5: money:"),
        ("{{ 'x' | date }}", "emails/note.mjml.j2:5: date:"),
        ("{% if %}", "emails/note.mjml.j2:5:"),
        ("{{ 'x' | mony }}", "emails/note.mjml.j2:5: No filter named 'mony'"),
        ("<mj-txt>x</mj-txt>", "emails/note.mjml.j2:5: <mj-txt> is not an MJML tag (did you mean 'mj-text'?)"),
        ("{% include 'gone.mjml.j2' %}", "emails/note.mjml.j2:5: a template is missing"),
        ("{% include '../../secret' %}", "emails/note.mjml.j2:5: a template is missing"),
        ("{{ order.__class__.__mro__ }}", "emails/note.mjml.j2:5:"),
        ("{{ cycler.__init__.__globals__ }}", "emails/note.mjml.j2:5:"),
        ("{{ ''.format.__func__ }}", "emails/note.mjml.j2:5:"),
        ("<mj-text>", "the MJML is not valid"),
    ],
)
def test_a_mistake_is_reported_with_file_and_line(tmp_path: Path, body: str, message: str) -> None:
    assert message in str(fails(write(tmp_path, body), {"order": ORDER, "nothing": None}))


def test_a_mistake_in_a_part_is_reported_in_the_part(tmp_path: Path) -> None:
    templates = write(tmp_path, "{% include '_part.mjml.j2' %}")
    (tmp_path / "emails" / "_part.mjml.j2").write_text("fine\n{{ gone }}\n")
    assert "emails/_part.mjml.j2:2: 'gone' is undefined" in str(fails(templates, {}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<mjml></mjml>", "note.mjml.j2:1: the template has no subject"),
        ("---\ntitle: x\n---\n", "the front matter has no subject"),
        ("---\nsubject: {{ x }}\n---\n", "note.mjml.j2:2:11: a key must be text (put the subject in quotes"),
        ("---\nsubject: x\nsubject: y\n---\n", "note.mjml.j2:3:1: `subject` stands twice (the first is on line 2)"),
        ("---\nsubject: x\nsubjct: y\n---\n", "the front matter has no key 'subjct'"),
        ("---\nsubject: x\n", "the template has no subject"),
    ],
)
def test_a_template_without_a_usable_subject_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "note.mjml.j2").write_text(text)
    with pytest.raises(TemplateError) as caught:
        Templates(tmp_path).check("note")
    assert message in str(caught.value)


def test_an_unknown_template_is_named_with_a_suggestion() -> None:
    with pytest.raises(UnknownTemplate, match="did you mean 'receipt'"):
        Templates(SHOP).render("reciept", {})
    assert Templates(SHOP / "none").names() == []


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    templates = write(tmp_path, "one")
    assert templates.render("note", {}).text == "one\n"
    write(tmp_path, "two")
    path = tmp_path / "emails" / "note.mjml.j2"
    os.utime(path, ns=(1, 1))
    assert templates.render("note", {}).text == "two\n"


def test_a_changed_subject_is_read_again_and_a_file_that_is_gone_is_unknown(tmp_path: Path) -> None:
    templates = write(tmp_path, "x", subject="One")
    path = tmp_path / "emails" / "note.mjml.j2"
    status = path.stat()
    assert templates.render("note", {}).subject == "One"
    write(tmp_path, "x", subject="Other")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert templates.render("note", {}).subject == "Other"
    path.unlink()
    with pytest.raises(UnknownTemplate):
        templates.render("note", {})
    write(tmp_path, "x", subject='"{{ x"')
    for _ in range(2):
        assert "emails/note.mjml.j2:2" in str(fails(templates, {}))


def test_a_template_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail costs a look at the file's date, no reading of it."""
    templates = write(tmp_path, "x {{ n }}{% include '_part.mjml.j2' %}", subject='"{{ n }}"')
    (tmp_path / "emails" / "_part.mjml.j2").write_text("y")
    templates.render("note", {"n": 1})
    monkeypatch.setattr(Path, "read_text", None)
    assert templates.render("note", {"n": 2}).text == "x 2y\n"


def test_what_a_template_reads_is_known_down_to_its_fields(tmp_path: Path) -> None:
    body = """{% for item in order["items"] %}{{ item.name }}{% endfor %}{{ order.buyer.email }}{{ note.text | default("-") }}
    {% if order.gift is defined %}{{ order.gift.from }}{% endif %}{{ label.upper() }}{{ extra }}"""
    templates = write(tmp_path, body, subject='"{{ order.id }}"')
    known, required, fields = templates.data_of("note")
    assert known == {"order", "note", "label", "extra"}
    assert required == {"label", "extra"}
    assert fields == set()
    known, required, fields = write(
        tmp_path,
        "{{ order.buyer.email }}{% for o in order.lines %}{{ o.x }}{% endfor %}",
        subject="\"{{ order['id'] }}\"",
    ).data_of("note")
    assert required == {"order"}
    assert fields == {("order", "buyer"), ("order", "buyer", "email"), ("order", "lines"), ("order", "id")}
