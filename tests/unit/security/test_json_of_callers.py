"""JSON of callers is read by one strict reader: what it refuses cannot end a request at another place."""

from __future__ import annotations

import re
from pathlib import Path

import payloom

SOURCE = Path(payloom.__file__).parent
OWN_TEXT = {
    "api/management/editor/routes/test_runs.py": "pins, which the server wrote",
    "api/management/routes/events.py": "a stored event, which was read strictly when it came",
    "api/management/schema.py": "the document in the repository",
    "auth/factors/passkeys.py": "options that the library has just written",
    "api/management/routes/local_stripe.py": "an answer of the local Stripe, which a developer runs",
}
"""Files that read JSON loosely, and whose it is."""


def test_what_reads_json_loosely_reads_its_own() -> None:
    loose = {
        path.relative_to(SOURCE).as_posix()
        for room in ("api", "auth", "inbox", "connectors/http")
        for path in (SOURCE / room).rglob("*.py")
        if re.search(r"(?<!strict_)json\.loads\(|\.json\(\)", path.read_text("utf-8"))
    }
    assert loose == set(OWN_TEXT)
