"""What a caller of an endpoint sees of a run that failed. Everything that is answered for a failure passes here.

A caller gets the kind, and words that name no table, column, condition, expression or Stripe id: the workflow's own
words where its author wrote them for the caller, a card's decline as Stripe words it for buyers, and otherwise a
sentence for the status. Staff read the whole failure on the run's page; in dev the answer says how to open it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from payloom.kit.secrets.redaction import redact
from payloom.workflows.program.commands import StepFailure

_OUR_SIDE = "Something went wrong on our side."
_REPORT = "Try again. If it fails again, report the run id."
_WORDS: Mapping[int, str] = {
    400: "The request can't be processed.",
    402: "The payment was declined.",
    403: "This is not allowed.",
    404: "Nothing was found for this request.",
    409: "This is not possible now.",
    422: "The request has values that can't be processed.",
    429: "There are too many requests. Wait a moment.",
}
_STRIPE_ID = re.compile(r"\b[a-z]{2,12}_(?:(?:test|live)_)?[A-Za-z0-9]{8,}")
_AUTHORS = ("fields", "param", "decline_code")
_BUYERS = ("decline_code",)


def caller_error(failure: StepFailure | None, status: int, run_id: str, *, in_dev: bool) -> dict[str, Any]:
    """Return the `error` of the answer, without its request id.

    status: the answer's HTTP status. in_dev: the caller is likely a developer, who can look at the run.
    """
    if failure is None:
        return {"code": "run_failed", "message": "The run failed.", "run_id": run_id}
    body: dict[str, Any] = {"code": failure.kind, "message": failure.message, "run_id": run_id}
    visible: tuple[str, ...] = ()
    if status >= 500:
        body |= {"message": _OUR_SIDE, "hint": _REPORT}
    elif failure.origin == "author":
        visible = _AUTHORS
        if failure.hint:
            body["hint"] = failure.hint
    else:
        visible = _BUYERS
        if not (failure.status == 402 and not _STRIPE_ID.search(failure.message)):
            body["message"] = words_for(status)
    body |= {key: failure.data[key] for key in visible if failure.data.get(key) is not None}
    if in_dev and (status >= 500 or failure.origin != "author"):
        body["hint"] = f"In development: `payloom runs show {run_id}` shows why."
    return redact(body)


def words_for(status: int) -> str:
    """Return the sentence that stands for a 4xx."""
    return _WORDS.get(status, _WORDS[400])
