"""F110, F113, F201: secrets where people read them, hosts that are not allowed, files without a description."""

from __future__ import annotations

from urllib.parse import urlsplit

from payloom.kit.diagnostics import Path
from payloom.workflows.checker.findings import Findings, root_of
from payloom.workflows.checker.scope import names
from payloom.workflows.interpreter.verbs import outbound
from payloom.workflows.program.node import ExpressionSite, Node

_SECRET = frozenset({"client_secret", "password", "secret", "api_key", "token", "authorization"})
_CARD = frozenset({"cvc", "cvv", "card_number"})


def check_secrets(findings: Findings) -> None:
    """Run all rules of this family."""
    for site in findings.workflow.sites:
        _leak(findings, site)
    for node in findings.nodes:
        if isinstance(node, outbound.Http):
            _host(findings, node)
    if not findings.workflow.description:
        findings.report(
            "F201",
            ("name",),
            "add a description",
            "write `description: …` below `name`: the studio and the lists show it",
            key=True,
        )


def _leak(findings: Findings, site: ExpressionSite) -> None:
    in_http = isinstance(site.node, outbound.Http) and any(part in site.path for part in ("headers", "body"))
    for ref in site.compiled.refs:
        path = root_of(ref.path)
        last = str(path[-1])
        if path[0] == "secrets":
            if not in_http:
                findings.report_in(
                    "F110", site, "secrets are for the headers and the body of `http` steps only", None, ref.span
                )
        elif last in _CARD or (last == "number" and "card" in path):
            findings.report_in(
                "F110", site, "card data must not pass through a workflow", "let Stripe's page collect it", ref.span
            )
        elif last in _SECRET and _read_by_people(site.node, site.path, last):
            findings.report_in(
                "F110", site, f"`{last}` would be readable in {_where(site.path)}", "leave it out", ref.span
            )


def _read_by_people(node: Node | None, path: Path, last: str) -> bool:
    audience = "nobody" if node is None else node.shown_to
    return "metadata" in path or audience == "staff" or (audience == "caller" and last != "client_secret")


def _where(path: Path) -> str:
    return (
        "metadata"
        if "metadata" in path
        else "the log"
        if "log" in path
        else "the mail"
        if "data" in path
        else "the answer"
    )


def _host(findings: Findings, node: outbound.Http) -> None:
    allowed = getattr(findings.catalog, "http_hosts", None)
    if allowed is None:
        return
    first = node.parts[0] if node.parts else ""
    if not isinstance(first, str):
        return
    host = urlsplit(first).hostname or ""
    if host and host not in allowed:
        hint = f"allowed are {names(sorted(allowed))}" if allowed else "list it under `http_allow` in payloom.yaml"
        findings.report("F113", (*node.path, "http"), f"`{host}` is not a host this project may call", hint)
