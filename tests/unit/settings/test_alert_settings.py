"""`alerts:` in payloom.yaml, and the one table that all alerts come from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from payloom.alerts.measures import MEASURES
from payloom.alerts.states import CLEAR_AFTER, AlertState, next_state
from payloom.cli.project.explain import runbooks
from payloom.cli.support.error_help import NOTES
from payloom.cli.support.failure_help import FAILURES
from payloom.settings.errors import BadSettings, MissingVariable
from payloom.settings.load import load_settings
from payloom.settings.offline import load_offline_settings
from payloom.settings.sections.alert_rules import ALERT_RULES, default_thresholds, parse_threshold, with_unit

if TYPE_CHECKING:
    from payloom.settings.sections.alerts import AlertSettings

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "alerts"
KEY = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
NOW = dt.datetime(2026, 11, 30, 12, tzinfo=dt.UTC)


def loaded(tmp_path: Path, text: str, **environ: str) -> AlertSettings:
    (tmp_path / "payloom.yaml").write_text(text)
    return load_settings(tmp_path, environ=environ, keep=False).alerts


def test_each_alert_has_a_measure_a_runbook_and_a_name_of_its_own() -> None:
    assert list(MEASURES) == list(ALERT_RULES)
    assert set(default_thresholds()) == set(ALERT_RULES)
    assert not set(ALERT_RULES) & {*NOTES, *FAILURES}
    written = {path.name: path.read_text("utf-8") for path in DOCS.glob("*.md")}
    assert written == runbooks(), "write runbooks() of payloom.cli.project.explain to docs/reference/alerts"


def test_without_the_section_nobody_is_told_and_all_thresholds_are_the_defaults(tmp_path: Path) -> None:
    alerts = loaded(tmp_path, "name: Shop\n")
    assert not alerts.has_receiver
    assert alerts.thresholds == default_thresholds()


def test_receivers_and_thresholds_are_read_and_environments_change_them(tmp_path: Path) -> None:
    text = """
alerts:
  email: [a@shop.example, b@shop.example]
  url: {env: HOOK}
  remind: off
  rules: {failed_runs: 5, oldest_waiting: 10m, disk: 5%, set_aside: off, workers: false}
environments:
  dev:
    alerts: {rules: {failed_runs: 7}}
"""
    hook = "https://chat.example/hooks/T0123456789ABCDEF"
    alerts = loaded(tmp_path, text, HOOK=hook, PAYLOOM_ALERT_SECRET=KEY)
    assert alerts.emails == ("a@shop.example", "b@shop.example")
    assert alerts.remind is None
    assert (alerts.thresholds["failed_runs"], alerts.thresholds["oldest_waiting"], alerts.thresholds["disk"]) == (
        7,
        600,
        5,
    )
    assert not {"set_aside", "workers"} & set(alerts.thresholds)
    assert alerts.origin == "https://chat.example"
    assert set(alerts.secret_values()) == {KEY, "T0123456789ABCDEF"}
    assert "T0123456789ABCDEF" not in str(alerts.public())


@pytest.mark.parametrize(
    ("section", "environ", "where", "words"),
    [
        ("{email: nobody}", {}, "alerts.email", "not an email address"),
        ("{url: ftp://x.example}", {}, "alerts.url", "not an address"),
        ("{url: 'http://[x'}", {}, "alerts.url", "not an address"),
        (
            "{url: 'https://x.example', signing_secret: {env: S}}",
            {"S": "short"},
            "alerts.signing_secret",
            "signing key",
        ),
        ("{remind: soon}", {}, "alerts.remind", "a minute or more"),
        ("{remind: 5s}", {}, "alerts.remind", "a minute or more"),
        ("{rules: {failed_runs: 0}}", {}, "alerts.rules.failed_runs", "not a threshold"),
        ("{rules: {failed_runs: 5m}}", {}, "alerts.rules.failed_runs", "not a threshold"),
        ("{rules: {failed_runs: true}}", {}, "alerts.rules.failed_runs", "not a threshold"),
        ("{rules: {oldest_waiting: 5}}", {}, "alerts.rules.oldest_waiting", "not a threshold"),
        ("{rules: {disk: 120%}}", {}, "alerts.rules.disk", "not a threshold"),
        ("{rules: {faild_runs: 1}}", {}, None, "alerts.rules.faild_runs: there is no such setting, did you mean"),
        ("{mail: a@shop.example}", {}, None, "alerts.mail: there is no such setting, did you mean 'email'"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_place(
    tmp_path: Path, section: str, environ: dict[str, str], where: str | None, words: str
) -> None:
    with pytest.raises(BadSettings) as refused:
        loaded(tmp_path, f"alerts: {section}\n", **environ)
    assert words in refused.value.message
    assert where is None or refused.value.where == where


def test_a_post_is_signed_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    with pytest.raises(MissingVariable, match="PAYLOOM_ALERT_SECRET"):
        loaded(tmp_path, "alerts: {url: 'https://x.example'}\n")
    assert loaded(tmp_path, "alerts: {url: 'https://x.example', signing_secret: none}\n").signing_key is None


def test_looking_at_a_project_needs_no_variable_of_the_alerts(tmp_path: Path) -> None:
    (tmp_path / "payloom.yaml").write_text("alerts: {email: {env: OPS}, url: {env: HOOK}}\n")
    assert load_offline_settings(tmp_path, environ={}).alerts.has_receiver


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("failed_runs", 3.0, "3"),
        ("disk", 8.4, "8 %"),
        ("oldest_waiting", 3900.0, "1h 5m"),
        ("oldest_waiting", 0.4, "0s"),
    ],
)
def test_values_are_shown_with_their_unit(name: str, value: float, text: str) -> None:
    assert with_unit(ALERT_RULES[name], value) == text
    assert parse_threshold("oldest_waiting", "1h5m") == 3900


def play(name: str, values: list[tuple[float, Any]], remind: float | None = 86400) -> list[str | None]:
    """Return the notices of a row of `(minutes later, value)`."""
    state, now, notices = AlertState("ok", NOW), NOW, list[str | None]()
    threshold = default_thresholds()[name]
    for minutes, value in values:
        now += dt.timedelta(minutes=minutes)
        state, notice = next_state(state, ALERT_RULES[name], value, threshold=threshold, now=now, remind=remind)
        notices.append(notice)
    return notices


def test_an_alert_fires_once_gets_worse_repeats_and_ends() -> None:
    calm = CLEAR_AFTER.total_seconds() / 60
    assert play("failed_runs", [(1, 0), (1, 1), (1, 2), (1, 9)]) == [None, "firing", None, None]
    assert play("failed_runs", [(1, 1), (1, 10), (1, 20)]) == ["firing", "worse", None]
    assert play("failed_runs", [(1, 1), (1439, 1), (1, 1), (1, 1)]) == ["firing", None, "reminder", None]
    assert play("failed_runs", [(1, 1), (9999, 1)], remind=None) == ["firing", None]
    assert play("failed_runs", [(1, 1), (1, 0), (calm, 0), (1, 0)]) == ["firing", None, "resolved", None]
    assert play("failed_runs", [(1, 1), (1, 0), (calm - 1, 1), (1, 0), (calm - 1, 0)]) == ["firing", *[None] * 4]
    assert play("webhook_silence", [(1, None), (1, 300000), (1, None), (calm, None)]) == [
        None,
        "firing",
        None,
        "resolved",
    ]


def test_an_alert_below_its_threshold_and_one_that_must_hold() -> None:
    assert play("disk", [(1, 10), (1, 9.9), (1, 0.1)]) == [None, "firing", None]
    assert play("workers", [(1, 0), (0.5, 0), (0.5, 0)]) == [None, None, "firing"]
    assert play("workers", [(1, 0), (0.9, 1), (0.9, 0), (0.9, 0)]) == [None] * 4
