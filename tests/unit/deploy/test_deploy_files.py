"""The files of deploy/ name commands, variables and metrics that exist, and the programs that read them take them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML
from tests.unit.cli.test_named_commands import problem

from payloom.api.http.metrics import Metrics
from payloom.api.limits.connection_limiter import ConnectionLimiter
from payloom.db.errors import DatabaseUnavailable
from payloom.settings.model import ConnectionSettings

if TYPE_CHECKING:
    from collections.abc import Iterator

DEPLOY = Path(__file__).parents[3] / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
# What a project's own payloom.yaml reads, and what other programs read.
OTHER_VARIABLES = {
    "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET", "SMTP_URL", "SITE_URL", "SITE_HOST",
    "EMAIL", "IMAGE", "PATH", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD", "GF_SECURITY_ADMIN_PASSWORD_",
    "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_CACHE_DIR", "PAYLOOM",
}  # fmt: skip
_WORDS_OF_PROMQL = {
    "by", "for", "histogram_quantile", "increase", "le", "max", "offset", "rate", "sum", "h", "m", "up",
}  # fmt: skip
_SAMPLE = re.compile(r"\b(payloom_[a-z_]+)(?:\{([^}]*)\})?")


def documents(path: Path) -> list[Any]:
    """Return what a YAML or JSON file holds."""
    text = path.read_text("utf-8")
    if path.suffix == ".json":
        return [json.loads(text)]
    return [document for document in YAML(typ="safe", pure=True).load_all(text) if document is not None]


def values(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield each key with its value, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key), value
            yield from values(value)
    elif isinstance(node, list):
        for value in node:
            yield from values(value)


def structured() -> list[Path]:
    """Return the files of YAML and JSON."""
    return [path for path in FILES if path.suffix in {".yaml", ".json"}]


def test_each_yaml_and_json_file_can_be_read() -> None:
    assert len(structured()) > 12
    assert [path.name for path in structured() if not documents(path)] == []


def expressions() -> list[tuple[str, str]]:
    """Return each expression of the alerts and of the board, with its place."""
    return [
        (path.name, value)
        for path in (DEPLOY / "monitoring").iterdir()
        if path in structured()
        for document in documents(path)
        for key, value in values(document)
        if key == "expr"
    ]


def metric_labels() -> dict[str, set[str]]:
    """Return the labels of each sample that `/metrics` can have, by name."""
    metrics = Metrics()
    ConnectionLimiter(ConnectionSettings(), metrics.registry, strict_transport=None)
    names: dict[str, set[str]] = {}
    for collector in metrics.registry._collector_to_names:  # the registry shows only series that have been counted
        labels = set(collector._labelnames)  # pyright: ignore[reportAttributeAccessIssue] - of every metric there
        for name in metrics.registry._collector_to_names[collector]:
            names[name] = labels | ({"le"} if name.endswith("_bucket") else set())
    return names


def test_each_metric_and_label_of_alerts_and_board_exists() -> None:
    known = metric_labels()
    assert len(expressions()) > 20
    for place, expression in expressions():
        samples = _SAMPLE.findall(expression)
        assert samples or "up{" in expression, f"{place}: {expression}"
        for name, matchers in samples:
            assert name in known, f"{place}: there is no metric {name}"
            used = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers))
            assert used <= known[name], f"{place}: {name} has no label {used - known[name]}"
        grouped = {label.strip() for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(",")}
        labels = set().union(*(known[name] for name, _ in samples), {"instance"})
        assert grouped <= labels, f"{place}: {expression} groups by {grouped - labels}"


def test_each_metric_has_its_place_on_the_board() -> None:
    metrics = {
        name for place, expression in expressions() for name, _ in _SAMPLE.findall(expression) if "board" in place
    }
    bases = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in metrics}
    existing = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in metric_labels()}
    assert {name.removesuffix("_total") for name in existing} == {name.removesuffix("_total") for name in bases}


def commands() -> Iterator[tuple[str, str]]:
    """Yield each command line of Payloom in the files, with its place."""
    for path in FILES:
        text = path.read_text("utf-8")
        for line in text.splitlines():
            match = re.search(
                r"(?:^\s*|=|`|\s)(?:/opt/payloom/bin/)?payloom ((?!worker of|server|project)[a-z][^`&\\]*)", line
            )
            if (
                path.suffix in {".service", ""}
                and line.lstrip("# ").startswith(("ExecStart=/opt", "RUN", "&& PAYLOOM"))
                and match
            ):
                yield path.name, match[1].replace("%i", "shop")
        if path.parent.name == "kubernetes" or path.name == "compose.yaml":
            for key, value in values(documents(path)):
                if key in {"args", "command"} and isinstance(value, list) and value[0] not in {"sleep", "CMD-SHELL"}:
                    yield path.name, shlex.join(map(str, value))


def test_each_command_that_is_started_exists_with_its_options() -> None:
    lines = list(commands())
    assert len(lines) > 9
    assert {words.split()[0] for _, words in lines} == {"serve", "worker", "migrate", "backup", "check"}
    assert [f"{place}: {words}: {reason}" for place, words in lines if (reason := problem(words))] == []


def test_each_variable_is_one_that_is_read() -> None:
    page = (DEPLOY.parent / "docs" / "reference" / "settings.md").read_text("utf-8")
    known = OTHER_VARIABLES | set(re.findall(r"`([A-Z][A-Z0-9_]+)`", page))
    for path in FILES:
        for line in path.read_text("utf-8").splitlines():
            for name in re.findall(r"(?<![\w$])([A-Z][A-Z0-9_]{3,})(?:=|: )", line.split("# ", 1)[0]):
                base = name if name in known else name.removesuffix("_FILE")
                assert base in known, f"{path.name}: {name}"


def test_every_container_and_unit_has_as_few_rights_as_it_can() -> None:
    for path in (DEPLOY / "systemd").glob("*.service"):
        text = path.read_text("utf-8")
        for line in (
            "User=payloom",
            "ProtectSystem=strict",
            "NoNewPrivileges=yes",
            "CapabilityBoundingSet=\n",
            "UMask=0077",
        ):
            assert line in text, f"{path.name} lacks {line}"
    containers = [
        container
        for path in (DEPLOY / "kubernetes").glob("*.yaml")
        for key, value in values(documents(path))
        if key == "containers"
        for container in value
    ]
    assert len(containers) == 4
    for container in containers:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
    (compose,) = documents(DEPLOY / "container" / "compose.yaml")
    for name in ("migrate", "server-1", "server-2", "worker-1", "worker-2"):
        service = compose["services"][name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"]), name
    assert "\nUSER 10001:10001\n" in (DEPLOY / "container" / "Containerfile").read_text("utf-8")


def test_no_file_holds_a_secret_or_names_a_registry() -> None:
    for path in FILES:
        text = path.read_text("utf-8")
        assert not re.search(r"(sk|rk|pk)_(live|test)_\w{6}|whsec_\w{6}", text), path.name
        for image in re.findall(r"^\s*(?:image|FROM):? +(\S+)", text, re.MULTILINE):
            assert "." not in image.split("/")[0].split(":")[0], f"{path.name} names a registry: {image}"


@pytest.mark.parametrize("unit", ["payloom@.service", "payloom-worker@.service"])
def test_a_unit_starts_again_when_the_database_comes_back(unit: str) -> None:
    """It stays down only for what does not mend itself: wrong options and settings."""
    text = (DEPLOY / "systemd" / unit).read_text("utf-8")
    (never,) = re.findall(r"^RestartPreventExitStatus=(.+)$", text, re.MULTILINE)
    assert DatabaseUnavailable.exit_code not in {int(code) for code in never.split()}


def tool(name: str) -> str:
    """Return the path of a program, or skip the test."""
    return shutil.which(name) or pytest.skip(f"{name} is not installed")


def accepted(*words: str | Path, **options: Any) -> None:
    """Run a program that checks a file; it must be content."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, check=False, timeout=120, **options)
    assert done.returncode == 0, done.stdout + done.stderr


VARIABLES = """\
# a comment
PAYLOOM_ENV=production

PAYLOOM_DATABASE_URL=postgresql://serve:p$w;x@db/payloom?sslmode=verify-full&sslrootcert=/etc/ca.pem
SMTP_URL="smtps://user:a b'c@host:465"
"""


@pytest.mark.parametrize(("command", "role"), [("doctor", "serve"), ("migrate", "owner"), ("db", "owner")])
def test_a_command_of_the_operator_reads_the_variables_as_systemd_does(command: str, role: str, tmp_path: Path) -> None:
    address = "postgresql://serve:p$w;x@db/payloom?sslmode=verify-full&sslrootcert=/etc/ca.pem"
    (tmp_path / "shop.env").write_text(VARIABLES, "utf-8")
    (tmp_path / "shop.migrate.env").write_text(f"PAYLOOM_DATABASE_URL={address.replace('serve', 'owner')}", "utf-8")
    (tmp_path / "shop.sealing.key").write_text("the-key\n", "utf-8")
    (tmp_path / "payloom").write_text('#!/bin/sh\necho "$*"\nenv\n', "utf-8")
    (tmp_path / "payloom").chmod(0o755)
    (tmp_path / "shop").mkdir()
    script = (DEPLOY / "systemd" / "payloom-run").read_text("utf-8")
    script = script.replace("/etc/payloom/", f"{tmp_path}/").replace("/srv/", f"{tmp_path}/")
    script = re.sub(r"exec setpriv .* -- /opt/payloom/bin/payloom", f"exec {tmp_path}/payloom", script)
    (tmp_path / "payloom-run").write_text(script, "utf-8")
    done = subprocess.run(
        ["sh", tmp_path / "payloom-run", "shop", command, "--json"], capture_output=True, text=True, check=True
    )
    printed = done.stdout.splitlines()
    assert printed[0] == f"{command} --json"
    assert f"PAYLOOM_DATABASE_URL={address.replace('serve', role)}" in printed
    assert "SMTP_URL=smtps://user:a b'c@host:465" in printed
    assert "PAYLOOM_SEALING_KEY=the-key" in printed


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    program = tool("systemd-analyze")
    for path in (DEPLOY / "systemd").iterdir():
        if path.suffix in {".service", ".socket", ".timer"}:
            text = path.read_text("utf-8").replace("/opt/payloom/bin/payloom", "/bin/true")
            (tmp_path / path.name.replace("@.", "@shop.")).write_text(text, "utf-8")
    for path in sorted(tmp_path.iterdir()):
        done = subprocess.run([program, "verify", path], capture_output=True, text=True, check=False, timeout=120)
        complaints = [line for line in done.stderr.splitlines() if path.name in line]
        assert complaints == [], done.stderr


def test_nginx_takes_its_file(tmp_path: Path) -> None:
    program = tool("nginx")
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    accepted(
        tool("openssl"),
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=shop",
        "-keyout",
        key,
        "-out",
        certificate,
    )
    text = (DEPLOY / "proxy" / "nginx.conf").read_text("utf-8")
    text = re.sub(r"/etc/letsencrypt\S+/(fullchain)\.pem", str(certificate), text)
    text = re.sub(r"/etc/letsencrypt\S+/(privkey)\.pem", str(key), text)
    parts = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{part}_temp_path {tmp_path}/{part};\n" for part in parts)
    whole = f"pid {tmp_path}/nginx.pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{paths}{text}}}\n"
    (tmp_path / "nginx.conf").write_text(whole, "utf-8")
    accepted(program, "-t", "-p", tmp_path, "-c", tmp_path / "nginx.conf")


@pytest.mark.parametrize("folder", ["container", "proxy"])
def test_caddy_takes_its_files(folder: str, tmp_path: Path) -> None:
    variables = {"SITE_HOST": "shop.example.com", "EMAIL": "ada@example.com", "HOME": str(tmp_path)}
    file = DEPLOY / folder / "Caddyfile"
    accepted(tool("caddy"), "validate", "--adapter", "caddyfile", "--config", file, env=variables)


def test_prometheus_takes_its_files(tmp_path: Path) -> None:
    program = tool("promtool")
    for name in ("prometheus.yaml", "alerts.yaml"):
        shutil.copy(DEPLOY / "monitoring" / name, tmp_path)
    token = tmp_path / "metrics_token"
    token.write_text("x")
    settings = tmp_path / "prometheus.yaml"
    settings.write_text(settings.read_text("utf-8").replace("/run/secrets/metrics_token", str(token)), "utf-8")
    accepted(program, "check", "config", settings)


def test_kustomize_takes_the_manifests() -> None:
    accepted(tool("kubectl"), "kustomize", DEPLOY / "kubernetes")
