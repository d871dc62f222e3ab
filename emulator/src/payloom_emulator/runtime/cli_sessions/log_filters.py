"""What `stripe logs tail` lets through: the filters of its options, as it sends them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from payloom_emulator.protocol.errors import invalid
from payloom_emulator.protocol.json_shapes import is_object, members, text, texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from payloom_emulator.kit.json import JsonMapping


class LogFilters:
    """Each filter names values; a request is shown when every filter that is given names one of its own."""

    def __init__(self, filters: str) -> None:
        """Read the filters of a session: a JSON object, or nothing."""
        try:
            filters_given = json.loads(filters or "{}")
        except ValueError:
            filters_given = None
        if not is_object(filters_given):
            raise invalid("Invalid filters: must be a JSON object", "filters")
        self._wanted = {
            name: {word.upper() for word in texts(values)} for name, values in filters_given.items() if values
        }

    def let_through(self, row: JsonMapping) -> bool:
        """Return whether a request of the log is shown."""
        of_row = _filtered_values(row)
        return all(values & of_row.get(name, values) for name, values in self._wanted.items())


def _filtered_values(row: JsonMapping) -> Mapping[str, set[str]]:
    """Return what each filter compares: the values of a request, in capitals."""
    status = str(row["status"])
    return {
        "filter_account": {"CONNECT_OUT" if row["connected"] else "SELF"},
        "filter_ip_address": {str(row["ip_address"]).upper()},
        "filter_http_method": {str(row["method"])},
        "filter_request_path": {str(row["path"]).upper()},
        "filter_request_status": {"SUCCEEDED" if status.startswith("2") else "FAILED"},
        "filter_source": {str(row["source"])},
        "filter_status_code": {status},
        "filter_status_code_type": {f"{status[:1]}XX"},
    }


def log_payload(row: JsonMapping) -> dict[str, object]:
    """Return a request of the log as the CLI reads it."""
    error = members(row.get("error"))
    fields = ("type", "charge", "code", "decline_code", "message", "param")
    return {
        "created_at": row["at"],
        "livemode": False,
        "method": row["method"],
        "request_id": row["id"],
        "status": row["status"],
        "url": row["path"],
        "error": {name: text(error.get(name)) or "" for name in fields},
    }
