"""Says in plain words what pydantic found wrong with a value.

Pydantic's own messages are for programmers: "Input should be a valid integer, unable to parse string as an integer".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MOST_PROBLEMS = 50
"""Of a body, that an answer names: who sends 30,000 unknown fields gets no megabyte back."""
LONGEST_FIELD = 200
"""Of a field's name in an answer."""
_FIXED: Mapping[str, str] = {
    "missing": "is required",
    "missing_argument": "is required",
    "extra_forbidden": "is not known here",
    "model_type": "must be a map",
    "model_attributes_type": "must be a map",
    "dataclass_type": "must be a map",
    "dict_type": "must be a map",
    "mapping_type": "must be a map",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "iterable_type": "must be a list",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a shorter number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "decimal_type": "must be a number",
    "decimal_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "json_type": "must be JSON",
    "date_type": "must be a date, such as 2026-12-01",
    "date_parsing": "must be a date, such as 2026-12-01",
    "date_from_datetime_parsing": "must be a date, such as 2026-12-01",
    "datetime_type": "must be a date and time, such as 2026-12-01T09:30:00Z",
    "datetime_parsing": "must be a date and time, such as 2026-12-01T09:30:00Z",
    "datetime_from_date_parsing": "must be a date and time, such as 2026-12-01T09:30:00Z",
    "datetime_object_invalid": "must be a date and time, such as 2026-12-01T09:30:00Z",
    "timezone_aware": "must be a date and time with a time zone, such as 2026-12-01T09:30:00Z",
    "uuid_type": "must be a UUID",
    "uuid_parsing": "must be a UUID",
    "url_type": "must be an address, such as https://example.com",
    "url_parsing": "must be an address, such as https://example.com",
    "union_tag_not_found": "has no known kind",
}
_WITH_FACTS: Mapping[str, str] = {
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be {ge} or more",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be {le} or less",
    "multiple_of": "must be a multiple of {multiple_of}",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
    "string_pattern_mismatch": "has the wrong form",
    "too_short": "must have {min_length} items or more",
    "too_long": "must have {max_length} items or fewer",
    "value_error": "{error}",
    "assertion_error": "{error}",
}
_PROGRAMMERS_WORDS = (
    (re.compile(r"^(?:Value error|Assertion failed), "), ""),
    (re.compile(r"^Input should(?= )"), "must"),
    (re.compile(r"^Input (?:is|was) "), "is "),
)


def message(problem: Mapping[str, Any]) -> str:
    """Return what is wrong with a value, to be read after its name: "must be a whole number".

    problem: one entry of a `ValidationError.errors()`.
    """
    kind = str(problem["type"])
    if kind in _FIXED:
        return _FIXED[kind]
    try:
        return _WITH_FACTS[kind].format_map(problem.get("ctx") or {})
    except KeyError:
        text = str(problem["msg"])
    for pattern, instead in _PROGRAMMERS_WORDS:
        text = pattern.sub(instead, text)
    return text
