"""Settings come from payloom.yaml and the environment, and are refused when they could lose money or leak a secret."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.present import present

from payloom.settings.errors import BadSettings, MissingVariable, SecretInFile, StripeKeysRefused
from payloom.settings.load import documented_names, load_settings
from payloom.settings.local import LocalState

BODY = "4eC39HqLyjWDarjtT1zdp7dcQm"
TEST_KEYS = {
    "STRIPE_SECRET_KEY": f"sk_test_{BODY}",
    "STRIPE_PUBLISHABLE_KEY": f"pk_test_{BODY[::-1]}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{BODY}{BODY}",
}
LIVE_KEYS = {
    "STRIPE_SECRET_KEY": f"sk_live_{BODY}",
    "STRIPE_PUBLISHABLE_KEY": f"pk_live_{BODY[::-1]}",
    "STRIPE_WEBHOOK_SECRET": f"whsec_{BODY}{BODY}",
}
PRODUCTION = "environment: production\nsite_url: https://shop.example.com\nemail: {transport: outbox}\n"


@pytest.fixture(autouse=True)
def no_inherited_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENV", "DATABASE_URL", "SITE_URL", "HOST", "PORT", "LOCAL_STRIPE_PORT", "LOG_LEVEL"):
        monkeypatch.delenv(f"PAYLOOM_{name}", raising=False)


def project(tmp_path: Path, text: str = "name: Shop\n") -> Path:
    (tmp_path / "payloom.yaml").write_text(text, "utf-8")
    return tmp_path


def test_a_new_project_runs_on_sqlite_the_local_stripe_and_the_outbox(tmp_path: Path) -> None:
    settings = load_settings(project(tmp_path), environ={})
    assert settings.database_url == f"sqlite:///{tmp_path}/data/payloom.sqlite"
    assert settings.stripe.mode == "local"
    assert settings.stripe.api_base == "http://127.0.0.1:8001"
    assert settings.email.transport == "outbox"
    assert settings.site_url == "http://127.0.0.1:8000"
    assert settings.env == {"SITE_URL": "http://127.0.0.1:8000", "ENVIRONMENT": "dev"}


def test_the_local_webhook_secret_stays_the_same_and_is_private(tmp_path: Path) -> None:
    first = load_settings(project(tmp_path), environ={})
    second = load_settings(tmp_path, environ={})
    assert first.stripe.webhook_secrets == second.stripe.webhook_secrets
    assert (tmp_path / "data" / "local.json").stat().st_mode & 0o077 == 0


def test_three_variables_point_the_same_project_at_stripe(tmp_path: Path) -> None:
    settings = load_settings(
        project(tmp_path), environ=TEST_KEYS | {"STRIPE_WEBHOOK_SECRET": "whsec_old123, whsec_new456"}
    )
    assert settings.stripe.mode == "test"
    assert settings.stripe.api_base is None
    assert settings.stripe.script_url.startswith("https://js.stripe.com/")
    assert [secret.get_secret_value() for secret in settings.stripe.webhook_secrets] == ["whsec_old123", "whsec_new456"]


@pytest.mark.parametrize(
    ("text", "environ", "reason"),
    [
        ("name: x\n", LIVE_KEYS, "live key, but the environment is dev"),
        (PRODUCTION, TEST_KEYS, "test key, but the environment is production"),
        (PRODUCTION, {}, "STRIPE_SECRET_KEY is not set"),
        ("name: x\n", TEST_KEYS | {"STRIPE_WEBHOOK_SECRET": ""}, "STRIPE_WEBHOOK_SECRET is not set"),
        ("name: x\n", TEST_KEYS | {"STRIPE_WEBHOOK_SECRET": " , "}, "STRIPE_WEBHOOK_SECRET is not set"),
        ("name: x\n", TEST_KEYS | {"STRIPE_WEBHOOK_SECRET": "secret"}, "not a webhook signing secret"),
        ("name: x\n", TEST_KEYS | {"STRIPE_PUBLISHABLE_KEY": "pk_live_abc"}, "is a live key"),
        ("name: x\n", TEST_KEYS | {"STRIPE_PUBLISHABLE_KEY": ""}, "STRIPE_PUBLISHABLE_KEY is not set"),
        ("name: x\n", TEST_KEYS | {"STRIPE_SECRET_KEY": "pk_test_abc123"}, "is not a Stripe secret key"),
        ("name: x\n", {"STRIPE_WEBHOOK_SECRET": "whsec_abcdef"}, "STRIPE_SECRET_KEY is not"),
    ],
)
def test_keys_that_do_not_fit_stop_the_start_with_the_reason_and_the_way_out(
    tmp_path: Path, text: Any, environ: Any, reason: str
) -> None:
    with pytest.raises(StripeKeysRefused, match=reason) as refused:
        load_settings(project(tmp_path, text), environ=environ)
    assert refused.value.hint
    assert BODY not in str(refused.value)


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize(
    ("name", "body"),
    [
        *[("STRIPE_WEBHOOK_SECRET", body) for body in ("secret", "your_secret_here", "1234567890", "x" * 40, "testtest", BODY)],
        *[("STRIPE_WEBHOOK_SECRET", f"{BODY}{BODY}, whsec_{body}") for body in ("secret", "0" * 40)],
        *[(key, body) for key in ("STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY")
          for body in ("x", "abc123", "yourkeyhere", "x" * 30, "replaceme" + BODY, BODY[:10], BODY.lower())],
    ],
)  # fmt: skip
def test_a_placeholder_is_no_key_outside_development(tmp_path: Path, environment: str, name: str, body: str) -> None:
    keys = LIVE_KEYS if environment == "production" else TEST_KEYS
    prefix = keys[name].rpartition("_")[0]
    text = PRODUCTION.replace("production", environment)
    with pytest.raises(StripeKeysRefused, match=f"{name} holds a placeholder") as refused:
        load_settings(project(tmp_path, text), environ=keys | {name: f"{prefix}_{body}"})
    assert refused.value.hint
    load_settings(project(tmp_path, text), environ=keys)


@pytest.mark.parametrize(
    ("text", "environ", "file"),
    [
        ("name: x\n", {}, "payloom.sqlite"),
        ("name: x\n", TEST_KEYS, "payloom-test.sqlite"),
        (PRODUCTION.replace("production", "staging"), TEST_KEYS, "payloom-staging.sqlite"),
        (PRODUCTION, LIVE_KEYS, "payloom-production.sqlite"),
    ],
)
def test_every_environment_has_a_file_of_its_own(tmp_path: Path, text: str, environ: Any, file: str) -> None:
    settings = load_settings(project(tmp_path, text), environ=environ)
    assert settings.database_url == f"sqlite:///{tmp_path}/data/{file}"


def test_accounts_that_stand_in_the_file_are_for_this_machine(tmp_path: Path) -> None:
    text = "accounts: [{email: a@b.test, password: correct-horse}]\n"
    assert load_settings(project(tmp_path, text), environ={}).accounts
    with pytest.raises(BadSettings, match="for this machine only"):
        load_settings(project(tmp_path, text + "host: 0.0.0.0\n"), environ={})


def test_production_runs_with_live_keys(tmp_path: Path) -> None:
    settings = load_settings(project(tmp_path, PRODUCTION), environ=LIVE_KEYS)
    assert settings.stripe.livemode
    assert settings.secure_cookies
    assert settings.admin_token is None


@pytest.mark.parametrize(
    "line",
    [
        "stripe: {secret_key: sk_test_4eC39HqLyjWDarjtT1zdp7dc}",
        "env: {A: 'key is whsec_abcdef'}",
        "environments:\n  production:\n    env:\n      A: rk_live_abcdef",
        "database: postgresql://shop:hunter2@db/shop",
    ],
)
def test_a_secret_in_the_file_is_refused_with_its_line_and_not_repeated(tmp_path: Path, line: str) -> None:
    with pytest.raises(SecretInFile) as refused:
        load_settings(project(tmp_path, f"name: x\n{line}\n"), environ={})
    assert str(refused.value).startswith("payloom.yaml:")
    assert "hunter2" not in str(refused.value)
    assert "4eC39" not in str(refused.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("databse: x.sqlite", "did you mean 'database'"),
        ("email: {form: a@b.c}", "did you mean 'from'"),
        ("environments: {prod: {}}", "environments"),
        ("port: 99999", "port"),
        ("database: mysql://db/shop", "mysql://"),
        ("site_url: localhost", "is not an address"),
        ("email: {transport: smtp}", "email.url is not set"),
        ("a: [", "not valid YAML"),
        ("stripe: {secret_key: somewhere}", "write a reference"),
        ("secrets: {TOKEN: abc}", r"secrets.TOKEN: write a reference such as {env: TOKEN}"),
        ("secrets: {TOKEN: 5}", r"secrets.TOKEN: write a reference"),
        ("secrets: abc", "secrets: must be a map"),
        ("stripe: abc", "stripe: must be a map"),
        ("http_allow: {a: b}", "http_allow: must be a list"),
        ("port: many", "port: must be a whole number"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(BadSettings, match=message):
        load_settings(project(tmp_path, f"name: x\n{line}\n"), environ={})


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("name: y", "payloom.yaml:2:1: `name` stands twice (the first is on line 1)"),
        ("host: &host localhost", "payloom.yaml:2:7: anchors (&host) are not allowed"),
        ("on_start: [a", "payloom.yaml:3:1: not valid YAML"),
    ],
)
def test_yaml_beyond_the_strict_subset_is_refused_with_its_place(tmp_path: Path, line: str, message: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load_settings(project(tmp_path, f"name: x\n{line}\n"), environ={})
    assert str(refused.value).startswith(message)


def test_the_part_for_one_environment_wins_key_by_key(tmp_path: Path) -> None:
    text = """\
port: 1000
email: {from: a@b.c}
environments:
  staging:
    port: 2000
    site_url: https://staging.example.com
    email: {url: {env: SMTP_URL}, transport: smtp}
"""
    settings = load_settings(
        project(tmp_path, text + "environment: staging\n"), environ=TEST_KEYS | {"SMTP_URL": "smtp://mail"}
    )
    assert settings.port == 2000
    assert settings.email.sender == "a@b.c"
    assert present(settings.email.url).get_secret_value() == "smtp://mail"


def test_the_environment_wins_over_the_file_and_arguments_win_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAYLOOM_PORT", "5000")
    monkeypatch.setenv("PAYLOOM_DATABASE_URL", "postgresql://shop:hunter2@db/shop")
    settings = load_settings(project(tmp_path, "port: 1000\n"), environ={})
    assert settings.port == 5000
    assert settings.database_url == "postgresql+psycopg://shop:hunter2@db/shop"
    assert load_settings(tmp_path, port=6000, environ={}).port == 6000


def test_another_port_moves_the_local_address_too(tmp_path: Path) -> None:
    settings = load_settings(project(tmp_path, "site_url: http://127.0.0.1:8000\n"), port=9100, environ={})
    assert settings.site_url == "http://127.0.0.1:9100"
    assert settings.stripe.api_base == "http://127.0.0.1:9101"


def test_a_public_address_is_not_moved_by_the_port(tmp_path: Path) -> None:
    settings = load_settings(project(tmp_path, "site_url: https://abc.tunnel.example\n"), port=9100, environ={})
    assert (settings.site_url, settings.port) == ("https://abc.tunnel.example", 9100)


def test_demo_accounts_are_refused_outside_development(tmp_path: Path) -> None:
    text = PRODUCTION + "accounts: [{email: a@b.c, password: correct-horse}]\n"
    with pytest.raises(BadSettings, match="`accounts` with passwords are allowed only in dev"):
        load_settings(project(tmp_path, text), environ=LIVE_KEYS)


def test_the_shop_template_loads_in_development(tmp_path: Path) -> None:
    shop = Path(__file__).parents[3] / "templates" / "shop" / "payloom.yaml"
    settings = load_settings(project(tmp_path, shop.read_text("utf-8")), environ={})
    assert settings.on_start == ("setup-prices",)
    assert [account.roles for account in settings.accounts] == [(), (), ("admin",)]


def test_an_unset_reference_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingVariable, match="SHOP_API_KEY"):
        load_settings(project(tmp_path, "secrets: {api: {env: SHOP_API_KEY}}\n"), environ={})


def test_printing_settings_shows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYLOOM_DATABASE_URL", "postgresql://shop:hunter2@db/shop")
    text = "secrets: {api: {env: SHOP_API_KEY}}\n"
    settings = load_settings(project(tmp_path, text), environ=TEST_KEYS | {"SHOP_API_KEY": "very-hidden-value"})
    printed = repr(settings.public()) + repr(settings.stripe)
    for hidden in ("very-hidden-value", "hunter2", BODY):
        assert hidden not in printed


def test_local_state_survives_a_broken_file(tmp_path: Path) -> None:
    (tmp_path / "local.json").write_text("{", "utf-8")
    state = LocalState(tmp_path)
    assert state.read() == {}
    assert state.secret("token") == state.secret("token")


def test_the_local_state_names_servers_that_run_and_no_others(tmp_path: Path) -> None:
    state = LocalState(tmp_path)
    assert state.server() is None
    state.announce("http://127.0.0.1:1", None)
    running = state.read()["servers"]
    elsewhere = {"pid": 1, "host": "another-host", "url": "http://10.0.0.9:8000", "stripe_url": None}
    with subprocess.Popen(["true"]) as ended:
        pass
    dead = {**running[0], "pid": ended.pid, "url": "http://127.0.0.1:2"}
    state.update(servers=[elsewhere, *running, dead])
    assert present(state.server())["url"] == "http://127.0.0.1:1", "the newest that runs"
    assert state.read()["servers"] == [elsewhere, *running], "the dead one is deleted"
    state.withdraw()
    assert present(state.server()) == elsewhere
    for _ in range(2):
        LocalState(tmp_path, keep=False).announce("http://127.0.0.1:3", None)
    assert state.read()["servers"] == [elsewhere]


def test_many_processes_change_the_local_state_at_once(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from payloom.settings.local import LocalState; LocalState(Path(sys.argv[1])).secret(sys.argv[2])"
    started = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), f"name{number}"]) for number in range(6)]
    assert [process.wait(60) for process in started] == [0] * 6
    assert len(LocalState(tmp_path).read()) == 6


def test_every_setting_is_documented() -> None:
    text = (Path(__file__).parents[3] / "docs" / "reference" / "settings.md").read_text("utf-8")
    for name, description in documented_names():
        assert description, f"{name} has no description"
        assert f"`{name}`" in text, f"docs/reference/settings.md has no entry for `{name}`"
