"""Structured logs without secrets: every event and every value goes through the redactor before it is written."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from payloom.kit.redaction import redact
from payloom.settings import Settings

_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _redacted(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {key: value for key, value in event.items() if key == "exc_info"}
    return {**redact({key: value for key, value in event.items() if key != "exc_info"}), **kept}


def configure_logs(settings: Settings) -> None:
    """Write logs to stderr, as coloured lines in development and as JSON elsewhere."""
    level = _LEVELS.get(settings.log_level, 20)
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        last: list[Any] = [structlog.processors.format_exc_info, _redacted, structlog.processors.JSONRenderer()]
    else:
        plain = structlog.dev.plain_traceback
        last = [_redacted, structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger("payloom")
    root.setLevel(level)
    if not root.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s %(message)s"))
        root.addHandler(handler)
        root.propagate = False


class _Plain(logging.Formatter):
    """Formats records of the standard logger, redacted as well."""

    def format(self, record: logging.LogRecord) -> str:
        return str(redact(super().format(record)))
