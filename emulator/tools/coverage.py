"""Writes `docs/reference/emulator-coverage.md`: what the local Stripe has of Stripe's operations and events.

`python -m emulator.tools.coverage` writes it; `--check` only says whether it is up to date.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.tools.sweep.measure import sweep
from emulator.tools.sweep.without_effect import WITHOUT_EFFECT

from payloom_emulator.core.declarations import resource
from payloom_emulator.core.declarations.api_changes import Change
from payloom_emulator.http.trigger import TRIGGERS
from payloom_emulator.presentation.field_presence import response_fields
from payloom_emulator.presentation.versions import VersionHistory
from payloom_emulator.protocol.api_versions import EVER
from payloom_emulator.protocol.older_params import is_covered, older_params
from payloom_emulator.protocol.param_types import anonymous, event_types, table
from payloom_emulator.runtime.registry import RESOURCES
from payloom_emulator.runtime.requests.router import Router

if TYPE_CHECKING:
    from payloom_emulator.core.schemas.schema import Schema

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "emulator-coverage.md"

_MEASURED = """\
Measured: each parameter of each operation, inside objects too, is sent to a local Stripe. *Used* ones come back, or a \
rule reads them. *Refused* ones meet a rule in the state of the measured object. Those that answer 501 are not covered."""

_SCOPE = """\
What Stripe has and the local Stripe does not answers HTTP 501 with the code `emulator_not_covered`; it never \
pretends. Behavior follows Stripe's documentation and the types of its SDK; it has not been compared with \
recordings of Stripe's own servers."""


def emitted() -> set[str]:
    """Return the event types the declarations name."""
    events: set[str] = set()
    for schema in (r.schema for r in RESOURCES):
        events.update((*schema.on_create, *schema.on_update, *schema.on_delete))
        if schema.machine is not None:
            events.update(e for m in schema.machine.transitions for e in m.emits)
    return events


def _operations() -> list[tuple[str, str, bool]]:
    routes = Router(RESOURCES).routes
    rows = []
    for name in table()["operations"]:
        method, path = name.split(" ", 1)
        if path.startswith("/v1/"):
            rows.append((method, path, (method, anonymous(path)) in routes))
    return rows


def _area(path: str) -> str:
    parts = path.split("/")
    grouped = {
        "test_helpers",
        "billing",
        "billing_portal",
        "checkout",
        "issuing",
        "treasury",
        "terminal",
        "tax",
        "radar",
    }
    return "/".join(parts[2:4]) if parts[2] in grouped and len(parts) > 3 else parts[2]


def _machine(schema: Schema) -> list[str]:
    machine = schema.machine
    assert machine is not None
    lines = [f"### `{schema.object}`", "", "```mermaid", "stateDiagram-v2"]
    lines += [f"  [*] --> {status}" for status in machine.initial]
    for move in machine.transitions:
        lines += [
            f"  {source} --> {move.target}: {move.name}" for source in sorted(move.sources) if source != move.target
        ]
    lines += [f"  {status} --> [*]" for status in sorted(machine.terminal)]
    return [*lines, "```", ""]


def _parameters() -> list[str]:
    """Return the section that the sweep measures: what becomes of each operation's parameters."""
    measured = sweep()
    lines = [
        "## Parameters",
        "",
        _MEASURED,
        "",
        "| operation | used | refused | answers 501 | no effect |",
        "|---|--:|--:|---|---|",
    ]
    for operation in sorted(measured, key=lambda name: (name.split(" ")[1], name)):
        rows = measured[operation]
        if isinstance(rows, str) or not rows:
            continue
        verdicts = Counter(row.verdict for row in rows)
        absent = sorted({row.path.partition(".")[0].removesuffix("[]") for row in rows if row.verdict == "not covered"})
        silent = sorted(row.path for row in rows if row.verdict == "swallowed")
        used = sum(verdicts[verdict] for verdict in ("reflected", "read", "copied"))
        cells = [_names(absent), _names(silent)]
        lines.append(
            f"| `{operation.replace('/v1', '', 1)}` | {used} | {verdicts['refused']} | {cells[0]} | {cells[1]} |"
        )
    reasons = {f"{path.rpartition('.')[2]}: {why}" for paths in WITHOUT_EFFECT.values() for path, why in paths.items()}
    return [
        *lines,
        "",
        "Why a parameter has no effect:",
        "",
        *(f"- `{r.split(': ')[0]}`: {r.split(': ', 1)[1]}." for r in sorted(reasons)),
        "",
    ]


_SOURCE = Path(resource.__file__).parents[2]
_NOT_RULES = frozenset({"trigger.py", "webhooks.py"})


def _events() -> list[str]:
    """Return the section of events by object: those of the declarations, and those that rules name."""
    texts = [path.read_text() for path in _SOURCE.rglob("*.py") if path.name not in _NOT_RULES]
    known = event_types()
    named = {name for text in texts for name in re.findall(r'"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"', text)}
    sent = (emitted() | named | set(TRIGGERS)) & known
    by_object: dict[str, list[str]] = defaultdict(list)
    for name in sorted(sent):
        by_object[name.rpartition(".")[0]].append(name.rpartition(".")[2] + ("*" if name in TRIGGERS else ""))
    count = f"{len(sent)} of Stripe's {len(known) - 1} types are sent. Those with `*` can be triggered by name."
    lines = ["## Events", "", count, "", "| object | events |", "|---|---|"]
    return [*lines, *(f"| `{name}` | {_names(events)} |" for name, events in by_object.items())]


def _names(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _older_params() -> list[str]:
    """Return the rows of what operations took in older API versions: what is read here, and what answers 501."""
    history = VersionHistory((r.schema.object, r.versions) for r in RESOURCES)
    routes = Router(RESOURCES).routes
    rows = []
    for name, params in older_params()["operations"].items():
        method, path = name.split(" ")
        if (method, path) not in routes:
            continue
        accepted = history.accepted((method, path), OLDEST)
        whole = routes[method, path].operation.private
        read = [f"`{p}` ({u[:10]})" for p, (_, u) in params.items() if p and (whole or is_covered(p, accepted))]
        absent = [f"`{p}` ({u[:10]})" for p, (_, u) in params.items() if p and not (whole or is_covered(p, accepted))]
        description = f"{len(read)} parameters" if len(read) > MOST_NAMED else ", ".join(read)
        rows.append(f"| `{method} {path.removeprefix('/v1')}` | {description} | {', '.join(absent)} |")
    return sorted(rows)


def _older_fields() -> list[str]:
    """Return the rows of what objects always had in older versions and have no more."""
    rows = []
    for name, paths in sorted(response_fields()["removed"].items()):
        if any(each.schema.object == name for each in RESOURCES):
            fields = ", ".join(f"`{path}` ({until[:10]})" for path, (_, _, until) in paths.items() if "." not in path)
            rows.append(f"| `{name}` | {fields} |")
    return [row for row in rows if not row.endswith("|  |")]


def _older_shapes() -> list[str]:
    """Return the rows of the objects that look different in older API versions."""
    rows = []
    for each in RESOURCES:
        dates = sorted({c.since for c in each.versions if isinstance(c, Change) and c.since != EVER}, reverse=True)
        if dates:
            rows.append(f"| `{each.schema.object}` | {', '.join(dates)} |")
    return sorted(rows)


OLDEST = "2020-08-27"
MOST_NAMED = 20


def page() -> str:
    """Return the page."""
    rows = _operations()
    have = sum(1 for *_, ok in rows if ok)
    areas: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for row in rows:
        areas[_area(row[1])].append(row)
    sdk = table()["api_version"]
    source = f"Generated by `python -m emulator.tools.coverage`; Stripe's side is the official SDK's ({sdk})."
    lines = [
        "# What the local Stripe has",
        "",
        source,
        "",
        f"**{have} of {len(rows)}** v1 operations. {_SCOPE}",
        "",
        "| area | has | operations | missing |",
        "|---|---|---|---|",
    ]
    for area in sorted(areas, key=lambda a: (-sum(r[2] for r in areas[a]) / len(areas[a]), a)):
        listed = areas[area]
        ok = sum(1 for r in listed if r[2])
        absent = ", ".join(f"`{m} {p.removeprefix('/v1')}`" for m, p, there in listed if not there) if ok else "all"
        lines.append(f"| {area} | {ok} | {len(listed)} | {absent} |")
    lines += ["", "## State machines", "", "Drawn from the tables the code runs on.", ""]
    for schema in sorted((r.schema for r in RESOURCES if r.schema.machine), key=lambda r: r.object):
        lines += _machine(schema)
    releases = older_params()["releases"]
    lines += [
        "## Older API versions",
        "",
        f"From the types of {len(releases)} releases of Stripe's SDK, {min(releases)} to {max(releases)}.",
        "",
        "| object | looks different before |",
        "|---|---|",
        *_older_shapes(),
        "",
        "Fields that objects always had once, with the first version without them. Each is shown; a test holds it:",
        "",
        "| object | fields |",
        "|---|---|",
        *_older_fields(),
        "",
        "Parameters that Stripe took once, with the first version without them:",
        "",
        "| operation | taken here | answers 501 |",
        "|---|---|---|",
        *_older_params(),
        "",
    ]
    lines += _parameters()
    lines += _events()
    return "\n".join(lines) + "\n"


def main(argv: list[str] | None = None) -> int:
    """Write or check the page."""
    text = page()
    if "--check" in (argv if argv is not None else sys.argv[1:]):
        return 0 if PAGE.exists() and PAGE.read_text() == text else 1
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
