"""What a caller sees of a failure: every kind, in dev and outside, in the words that are meant for callers."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest

from payloom.api.http.caller_errors import caller_error
from payloom.cli.support.error_help import NOTES
from payloom.cli.support.failure_help import FAILURES
from payloom.workflows.program.commands import AuthorsFailure, InputsFailure, StepFailure

if TYPE_CHECKING:
    from tests.support.http_server import RunningServer

MESSAGE = "no row of secret_plans matches (price_floor: {gt: 4711}), customer cus_C7L2P8Scl0CITO"
NAMES = re.compile(r"secret_plans|price_floor|4711|cus_|where|column")
FACTS = {"param": "customer", "fields": {"price_floor": MESSAGE}, "decline_code": "do_not_honor", "request_id": "req_1"}
STATUSES = (400, 402, 403, 404, 409, 422, 429, 500, 503)
KINDS = sorted({*FAILURES, *NOTES, "resource_missing", "invalid_request_error", "no_such_kind_yet"})


def failure(kind: str, status: int, failure_type: type[StepFailure] = StepFailure) -> StepFailure:
    return failure_type(kind, MESSAGE, status=status, hint=MESSAGE, where="x.yaml:1:1", data=FACTS)


@pytest.mark.parametrize("in_dev", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_a_caller_reads_no_name_of_ours(status: int, in_dev: bool) -> None:
    for kind, failure_type in itertools.product(KINDS, (StepFailure, InputsFailure)):
        error = caller_error(failure(kind, status, failure_type), status, "run_1", in_dev=in_dev)
        assert (error["code"], error["run_id"]) == (kind, "run_1")
        words = " ".join(str(value) for key, value in error.items() if key != "code")
        assert error["message"]
        assert not NAMES.search(words), words
        assert not {"param", "fields", "where"} & set(error)
        assert ("payloom runs show run_1" in error.get("hint", "")) == in_dev


@pytest.mark.parametrize("status", [status for status in STATUSES if status < 500])
def test_what_the_author_wrote_is_for_the_caller(status: int) -> None:
    failure = AuthorsFailure("sold_out", "It is sold out.", status=status, hint="Come back.", data={"x": 1})
    error = caller_error(failure, status, "run_1", in_dev=False)
    assert error == {"code": "sold_out", "message": "It is sold out.", "hint": "Come back.", "run_id": "run_1"}


def test_a_fault_of_ours_is_not_shown_even_in_the_authors_words() -> None:
    failure = AuthorsFailure("sold_out", MESSAGE, status=500, hint=MESSAGE)
    assert not NAMES.search(str(caller_error(failure, 500, "run_1", in_dev=False)))


def test_a_declined_card_is_told_in_stripes_words_for_buyers() -> None:
    declined = StepFailure("card_declined", "Your card was declined.", status=402, data={"decline_code": "lost_card"})
    error = caller_error(declined, 402, "run_1", in_dev=False)
    assert (error["message"], error["decline_code"]) == ("Your card was declined.", "lost_card")


BODIES = (
    *("/api/auth/sign-in", "/api/auth/sign-up", "/api/auth/forgot", "/api/auth/reset", "/api/auth/verify"),
    *("/api/auth/verification", "/api/auth/password", "/api/auth/sign-in/second-factor", "/api/auth/prove"),
    "/api/reckons",
)
"""Where a stranger sends a body of JSON."""


@pytest.mark.parametrize("path", BODIES)
def test_a_body_with_many_faults_gets_a_short_answer(reachable: RunningServer, path: str) -> None:
    body = {f"field_{number}": number for number in range(2_000)} | {"x" * 5_000: 1}
    headers = {"origin": reachable.url, "sec-fetch-site": "same-origin"}
    answer = reachable.http.post(path, json=body, headers=headers)
    assert answer.status_code in {400, 422}
    assert "field_1" in answer.text
    assert len(answer.content) < 20_000
