"""Structured logs without secrets: every event and every value goes through the redactor before it is written."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from payloom.kit.secrets.redaction import redact, redact_text
from payloom.kit.visible_text import visible_line
from payloom.settings.model import Settings

IDS = ("run", "workflow", "step", "event_id", "request_id")
"""What names things in a log line."""
_UNTOUCHED = frozenset({"exc_info", "_record", "_from_structlog"})
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _visible(logger: Any, method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep each line one line, and a terminal from obeying what a stranger sent."""
    del logger, method
    return {name: visible_line(value) if isinstance(value, str) else value for name, value in fields.items()}


def _redacted(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    untouched = {key: value for key, value in event.items() if key in _UNTOUCHED}
    return {**redact({key: value for key, value in event.items() if key not in _UNTOUCHED}), **untouched}


def _redacted_line(_logger: Any, _name: str, line: str) -> str:
    """Mask what the renderer added: tracebacks with the values of errors."""
    return redact_text(line)


def _stderr_logger(*_args: object) -> structlog.PrintLogger:
    """Return what writes to stderr as it is now: whoever replaces it (a test, a host) may close the earlier one."""
    return structlog.PrintLogger(sys.stderr)


def configure_logs(settings: Settings) -> None:
    """Write logs to stderr, as coloured lines in development and as JSON elsewhere.

    Lines of the standard library's loggers (ours and those of libraries) look the same and carry the same ids: `run`,
    `workflow`, `step`, `event_id`, `request_id`, as far as they are known where the line is written.
    """
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
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=plain)
        last = [_redacted, _visible, renderer, _redacted_line]
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=_stderr_logger,
        cache_logger_on_first_use=False,
    )
    formatter = _formatter(shared, last)
    payloom_logger = logging.getLogger("payloom")
    payloom_logger.setLevel(level)
    payloom_logger.propagate = False
    _write_through(payloom_logger, formatter)
    _write_through(logging.getLogger(), formatter)


def _formatter(shared: list[Any], last: list[Any]) -> logging.Formatter:
    """Return a formatter that treats the standard library's records as structlog's own."""
    extra = structlog.stdlib.ExtraAdder(allow=IDS)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name, extra],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    )


def _write_through(logger: logging.Logger, formatter: logging.Formatter) -> None:
    """Give a logger our handler: a new one, the earlier one, or none if another program has set one."""
    own_handlers = [handler for handler in logger.handlers if isinstance(handler, _Handler)]
    if not own_handlers and not logger.handlers:
        own_handlers = [_Handler()]
        logger.addHandler(own_handlers[0])
    for handler in own_handlers:
        handler.setFormatter(formatter)


class _Handler(logging.StreamHandler[Any]):
    """Ours, so that it is known again. Writes to what stderr is now."""

    def emit(self, record: logging.LogRecord) -> None:
        self.stream = sys.stderr
        super().emit(record)
