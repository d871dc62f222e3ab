"""What each role may do in the studio, in words: one right for each group of calls.

The role of a right is the one that its calls ask for (`x-role`), so the table in the documentation cannot say something
else than the server does. A test holds that each call stands under exactly one right.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from payloom.api.management.access.roles import ANYBODY
from payloom.settings.studio_roles import STUDIO_ROLES, StudioRole, includes


@dataclasses.dataclass(frozen=True, slots=True)
class Right:
    """What a role can do, and the calls that do it. Calls that viewers can make need no entry."""

    words: str
    calls: Collection[str]


READING = "Read everything but secrets; check and complete a text in the editor"
RIGHTS: tuple[Right, ...] = (
    Right("Decide on an approval that names one of your roles in the project", ["POST /runs/{run_id}/decide"]),
    Right("Retry failed runs", ["POST /runs/retry", "POST /runs/{run_id}/retry"]),
    Right("Mark failed runs as resolved", ["POST /runs/{run_id}/resolve", "POST /runs/{run_id}/reopen"]),
    Right(
        "Act on many runs, events, or emails at once; reruns and cancels need the role editor, as for one run",
        ["POST /bulk", "POST /bulk/plan", "POST /bulk/{job_id}/stop", "POST /bulk/{job_id}/resume"],
    ),
    Right(
        "Replay events, and fetch the ones that were missed",
        ["POST /events/replay", "POST /events/{event_id}/replay", "POST /events/catch-up"],
    ),
    Right("Send an email again", ["POST /mails/{mail_id}/resend"]),
    Right(
        "Start a workflow by hand whose `auth` names one of your roles in the project, such as a refund",
        ["POST /workflows/{workflow_id}/run"],
    ),
    Right(
        "See accounts and their sessions, end sessions, and send password links; of staff, only up to your own role",
        [
            "GET /accounts",
            "GET /accounts/{account_id}",
            "POST /accounts/{account_id}/reset-password",
            "GET /accounts/{account_id}/sessions",
            "DELETE /accounts/{account_id}/sessions",
            "DELETE /accounts/{account_id}/sessions/{session}",
        ],
    ),
    Right("Rerun and cancel runs", ["POST /runs/{run_id}/fork", "POST /runs/{run_id}/cancel"]),
    Right(
        "Change workflow files; publish them where `studio.publish` allows it",
        [
            "POST /workflows",
            "PUT /workflows/{workflow_id}/source",
            "DELETE /workflows/{workflow_id}",
            "POST /workflows/{workflow_id}/publish",
            "POST /workflows/{workflow_id}/rollback",
        ],
    ),
    Right(
        "Test workflows, and try them on recorded events",
        ["POST /editor/test-run", "POST /editor/dry-run", "PUT /editor/pins/{workflow_id}"],
    ),
    Right(
        "Read `tables.yaml` and the templates of emails and pages",
        ["GET /files", "GET /files/{path}", "POST /files/preview"],
    ),
    Right("Change `tables.yaml` and the templates, in development", ["POST /files", "PUT /files/{path}"]),
    Right("Send a test alert to every receiver", ["POST /alerts/test"]),
    Right("Control the local Stripe", ["POST /local-stripe/control/{name}"]),
    Right(
        "Change rows of tables",
        ["POST /tables/{name}/rows", "PATCH /tables/{name}/rows/{key}", "DELETE /tables/{name}/rows/{key}"],
    ),
    Right("Read and export the audit trail", ["GET /audit", "GET /audit/export"]),
    Right(
        "Give roles; verify, disable, enable, and delete accounts; make sign-in links; reset a second factor",
        [
            "PUT /accounts/{account_id}/role",
            "PUT /accounts/{account_id}/roles",
            "POST /accounts/{account_id}/link",
            "POST /accounts/{account_id}/verify",
            "POST /accounts/{account_id}/disable",
            "POST /accounts/{account_id}/enable",
            "DELETE /accounts/{account_id}",
            "DELETE /accounts/{account_id}/second-factor",
        ],
    ),
)
OF_ADMINS = ("Start every workflow by hand, also as a user; decide on every approval",)
"""What only admins may do within calls that others may make as well."""
_TEXT_CALLS = frozenset({"POST /editor/check", "POST /editor/complete", "POST /editor/edit", "POST /editor/hover"})


def roles_of_calls(document: Mapping[str, Any]) -> dict[str, str]:
    """Return the role of each call of an OpenAPI document, without the calls that are open to anybody."""
    return {
        f"{method.upper()} {path}": operation["x-role"]
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if operation["x-role"] != ANYBODY
    }


def is_reading(call: str, role: str) -> bool:
    """Whether a call stands under the right to read."""
    return call in _TEXT_CALLS or (role == "viewer" and call.startswith("GET "))


def rights_table(document: Mapping[str, Any]) -> str:
    """Return the table of rights and roles in Markdown."""
    calls = roles_of_calls(document)
    lines = [f"| right | {' | '.join(STUDIO_ROLES)} |", f"| --- |{' :-: |' * len(STUDIO_ROLES)}"]
    lines.append(_row(READING, "viewer"))
    lines += [_row(right.words, _least(calls[call] for call in right.calls)) for right in RIGHTS]
    lines += [_row(words, "admin") for words in OF_ADMINS]
    return "\n".join(lines) + "\n"


def _least(roles: Iterable[str]) -> StudioRole:
    needed = set(roles)
    return next(role for role in STUDIO_ROLES if role in needed)


def _row(words: str, needed: StudioRole) -> str:
    return f"| {words} | {' | '.join('✓' if includes(role, needed) else '' for role in STUDIO_ROLES)} |"
