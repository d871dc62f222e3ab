"""Variables come from the process, from files that `NAME_FILE` names, and in development from `.env`."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.settings.test_settings import LIVE_KEYS, PRODUCTION, TEST_KEYS, project

from payloom.settings.errors import BadSettings, SettingsError
from payloom.settings.load import load_settings
from payloom.settings.model import Settings

BOTH = {**TEST_KEYS, "SHOP_KEY": "a-hidden-value", "PAYLOOM_ADMIN_TOKEN": "a-token-of-many-letters"}
TEXT = "secrets: {shop: {env: SHOP_KEY}}\n"


def values(settings: Settings) -> list[str]:
    """Return what the settings read from each variable of `BOTH`."""
    assert settings.admin_token is not None
    return [
        settings.stripe.secret_key.get_secret_value(),
        settings.stripe.publishable_key,
        settings.stripe.webhook_secrets[0].get_secret_value(),
        settings.secrets["shop"].get_secret_value(),
        settings.admin_token.get_secret_value(),
    ]


@pytest.fixture(autouse=True)
def no_inherited_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENV", "DATABASE_URL", "PORT", "DOTENV"):
        monkeypatch.delenv(f"PAYLOOM_{name}", raising=False)


def test_each_variable_can_come_from_a_file(tmp_path: Path) -> None:
    environ: dict[str, str] = {}
    for name, value in BOTH.items():
        (tmp_path / name).write_text(f"{value}\n", "utf-8")
        environ[f"{name}_FILE"] = str(tmp_path / name)
    assert values(load_settings(project(tmp_path, TEXT), environ=environ)) == list(BOTH.values())


def test_payloom_s_own_variables_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql://shop:hunter2@db/shop\n", "utf-8")
    environ = {"PAYLOOM_DATABASE_URL_FILE": str(tmp_path / "url")}
    assert load_settings(project(tmp_path), environ=environ).database_url.endswith("shop:hunter2@db/shop")


def test_in_development_a_dotenv_file_is_read_and_the_process_wins(tmp_path: Path) -> None:
    lines = [f"{name}={value}" for name, value in BOTH.items()]
    (tmp_path / ".env").write_text("# keys\n" + "\n".join(lines) + "\nPAYLOOM_PORT=7000\n", "utf-8")
    settings = load_settings(project(tmp_path, TEXT), environ={"SHOP_KEY": "from-the-process"})
    assert values(settings) == [*list(BOTH.values())[:3], "from-the-process", BOTH["PAYLOOM_ADMIN_TOKEN"]]
    assert settings.port == 7000


def test_in_production_a_dotenv_file_is_read_only_when_a_variable_names_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHOP_KEY=a-hidden-value\n", "utf-8")
    root = project(tmp_path, PRODUCTION + TEXT)
    with pytest.raises(SettingsError, match="SHOP_KEY"):
        load_settings(root, environ=LIVE_KEYS)
    settings = load_settings(root, environ={**LIVE_KEYS, "PAYLOOM_DOTENV": ".env"})
    assert settings.secrets["shop"].get_secret_value() == "a-hidden-value"


def test_a_dotenv_file_does_not_choose_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PAYLOOM_ENV=production\n", "utf-8")
    assert load_settings(project(tmp_path), environ={}).environment == "dev"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"SHOP_KEY": "x", "SHOP_KEY_FILE": "/dev/null"}, "SHOP_KEY and SHOP_KEY_FILE are both set"),
        ({"SHOP_KEY_FILE": "/nowhere/at/all"}, "the file that SHOP_KEY_FILE names cannot be read: No such file"),
        ({"PAYLOOM_DOTENV": "missing.env"}, "missing.env cannot be read"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, environ: dict[str, str], message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        load_settings(project(tmp_path, TEXT), environ=environ)


@pytest.mark.parametrize(
    ("short", "name"), [("prod", "production"), ("Production", "production"), ("stage", "staging")]
)
def test_a_name_close_to_an_environment_gets_a_hint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: str, name: str
) -> None:
    monkeypatch.setenv("PAYLOOM_ENV", short)
    with pytest.raises(BadSettings) as caught:
        load_settings(project(tmp_path), environ={})
    assert caught.value.hint == f"Write PAYLOOM_ENV={name}."
