"""Every template can be previewed with data that is made up from what it reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from payloom.email.templates import Templates

REPOSITORY = Path(__file__).parents[3]
FOLDERS = [*REPOSITORY.glob("templates/*/emails"), REPOSITORY / "src/payloom/email/builtin"]
TEMPLATES = [(folder, name) for folder in FOLDERS for name in Templates(folder).names()]


@pytest.mark.parametrize(
    ("folder", "name"), TEMPLATES, ids=[f"{folder.parent.name}-{name}" for folder, name in TEMPLATES]
)
def test_each_template_is_rendered_with_its_sample(folder: Path, name: str) -> None:
    templates = Templates(folder)
    mail = templates.render(name, templates.sample(name))
    assert mail.subject
    assert mail.text


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("{{ order.id }}", {"order": {"id": "4f7c1a2e"}}),
        ("{{ order['total'] | money(order.currency) }}", {"order": {"total": 1400, "currency": "usd"}}),
        ("{{ due | date }}", {"due": "2030-01-15T12:00:00Z"}),
        ("{{ total }} {{ seats }}", {"total": "$14.00", "seats": 2}),
        ("{% for item in order.items %}{{ item.name }}{% endfor %}", {"order": {"items": [{"name": "Ann Example"}] * 2}}),
        ("{% for a in b %}{% for c in a.d %}{{ c.url }}{% endfor %}{% endfor %}", {"b": [{"d": [{"url": "https://shop.example/"}] * 2}] * 2}),
        ("{{ greeting | default('Hi') }}", {"greeting": "greeting"}),
        ("{{ first_line.strip() }}", {"first_line": "first line"}),
        ("nothing", {}),
    ],
)  # fmt: skip
def test_values_fit_the_names_and_filters(tmp_path: Path, text: str, data: object) -> None:
    body = f"<mjml><mj-body><mj-section><mj-column><mj-text>{text}</mj-text></mj-column></mj-section></mj-body></mjml>"
    templates = Templates(tmp_path, {"typed": f"---\nsubject: Hello\n---\n{body}\n"})
    assert templates.sample("typed") == data
    assert templates.render("typed", templates.sample("typed")).subject == "Hello"
