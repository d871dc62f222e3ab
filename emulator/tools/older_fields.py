"""Writes `response_fields.json`: what objects leave out instead of null, and what they had in older API versions.

`python -m emulator.tools.older_fields` reads the releases of Stripe's SDK for Node that `older_params.json` names, and
the newest one, which has the types of the version that is spoken here. `older_versions --add` calls it, too. Only facts
are kept: names of fields, whether they can be null, and the versions that have them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypeAlias

from emulator.tools.older_versions import Types, files_of, split

from payloom_emulator.protocol.older_params import older_params
from payloom_emulator.protocol.param_types import table

PRESENT = Path(__file__).with_name("present_fields.json")
TARGET = Path(__file__).parents[1] / "src" / "payloom_emulator" / "protocol" / "response_fields.json"
NEWEST_RELEASE = "23.1.0"
DEEPEST = 3

Fields: TypeAlias = "dict[str, str]"
"""Path of a field (`phases[].coupon`) to "always", "null" (may be null) or "absent" (may be left out, never null)."""

_PART = re.compile(r"\s*'?([\w.-]+)'?(\?)?\s*:\s*(.*)", re.DOTALL)
_OBJECT = re.compile(r"(?:^|;)\s*object\s*:\s*'([\w.]+)'")


def objects_of(release: str) -> dict[str, Fields]:
    """Return the fields of each object in a release."""
    objects: dict[str, Fields] = {}
    for types in _declared(release):
        for name, body in types.interfaces.items():
            match = _OBJECT.search(body)
            if not match or name.rpartition(".")[2].startswith("Deleted") or "v2." in match[1]:
                continue
            fields = _fields(types, name, "", 0)
            if len(fields) > len(objects.get(match[1], {})):
                objects[match[1]] = fields
    return objects


def _declared(release: str) -> list[Types]:
    """Return the declarations of a release: all in one namespace, or since release 22 one module a file."""
    texts = {name: text for name, text in files_of(release).items() if name.endswith(".d.ts")}
    if any("/types/" in name for name in texts):
        return [Types([text for name, text in texts.items() if "/types/" in name])]
    shared = [text for name, text in texts.items() if name.endswith("/shared.d.ts")]
    return [Types([*shared, text]) for name, text in texts.items() if "/resources/" in name and "/V2/" not in name]


def _fields(types: Types, name: str, path: str, depth: int) -> Fields:
    fields: Fields = {}
    for part in split(types.interfaces[name], ";"):
        match = _PART.match(part)
        if not match or match[1] == "deleted":
            continue
        choices = [choice.strip() for choice in split(match[3], "|")]
        place = f"{path}{match[1]}"
        fields[place] = "null" if "null" in choices else "absent" if match[2] else "always"
        for choice in choices:
            listed = re.fullmatch(r"Array<(.*)>", choice, re.DOTALL)
            inner = types.find((listed[1] if listed else choice).strip(), name)
            if inner in types.interfaces and depth < DEEPEST and not _OBJECT.search(types.interfaces[inner]):
                fields.update(_fields(types, inner, f"{place}{'[]' if listed else ''}.", depth + 1))
    return fields


def _left_out(newest: dict[str, Fields]) -> dict[str, list[str]]:
    rows = {name: sorted(path for path, how in fields.items() if how == "absent") for name, fields in newest.items()}
    return {name: paths for name, paths in sorted(rows.items()) if paths}


def _present(newest: dict[str, Fields]) -> dict[str, dict[str, str]]:
    """Return the fields that an object always has, if what holds them is there."""
    return {
        name: {path: how for path, how in sorted(fields.items()) if how != "absent"}
        for name, fields in sorted(newest.items())
    }


def _removed(newest: dict[str, Fields]) -> dict[str, dict[str, list[str]]]:
    """Return what older versions always had and the newest has not: path to (how, first, first without it)."""
    releases = sorted(older_params()["releases"].items())
    versions = [*(version for version, _ in releases), str(table()["api_version"])]
    removed: dict[str, dict[str, list[str]]] = {}
    for index, (version, release) in enumerate(releases):
        for name, fields in objects_of(release).items():
            today, known = newest.get(name), removed.get(name, {})
            for path, how in fields.items() if today is not None else ():
                above = path.rpartition(".")[0].removesuffix("[]")
                if path in (today or {}) or how == "absent":
                    continue
                if not above or above in (today or {}) or above in known:
                    known = removed.setdefault(name, {})
                    known.setdefault(path, [how, version, ""])[2] = versions[index + 1]
    return {name: dict(sorted(paths.items())) for name, paths in sorted(removed.items())}


def write() -> None:
    """Write both tables: what is read when objects are shown, and what the tests compare with."""
    newest = objects_of(NEWEST_RELEASE)
    fields = {"release": NEWEST_RELEASE, "left_out": _left_out(newest), "removed": _removed(newest)}
    text = json.dumps(fields, indent=1)
    TARGET.write_text(
        re.sub(r"\[\n\s+(\"[^\"]*\"),\n\s+(\"[^\"]*\"),\n\s+(\"[^\"]*\")\n\s+\]", r"[\1, \2, \3]", text) + "\n"
    )
    PRESENT.write_text(json.dumps(_present(newest), indent=0) + "\n")


if __name__ == "__main__":
    write()
