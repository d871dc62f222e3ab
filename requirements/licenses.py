"""Prints the page of the licenses of what Payloom brings along: each pinned distribution, by its own metadata."""

from __future__ import annotations

import importlib.metadata
import re
import sys
from pathlib import Path

PINNED = Path(__file__).parent / "runtime.txt"
_HEAD = """# Licenses

Payloom itself is under the MIT license. Installing it brings along the distributions below. `make licenses` writes this page from
their own metadata, and a test compares it with what is pinned.

| distribution | license |
| --- | --- |
"""
# As older metadata spells them: the name that SPDX lists.
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD": "BSD-2-Clause",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def pinned() -> list[str]:
    """Return the names of the pinned distributions that belong to every platform."""
    lines = PINNED.read_text("utf-8").splitlines()
    return [
        match[1]
        for line in lines
        if (match := re.match(r"([a-z0-9-]+)==", line)) and "win32'" not in line.replace("!= 'win32'", "")
    ]


def license_of(name: str) -> str:
    """Return the license that a distribution names, as an SPDX expression where it has one."""
    metadata = importlib.metadata.metadata(name)
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classified = [
        text.rsplit(" :: ", 1)[1] for text in metadata.get_all("Classifier") or [] if text.startswith("License :: ")
    ]
    text = (metadata.get_all("License") or [""])[0] or " OR ".join(classified)
    return " OR ".join(_SPDX.get(part, part) for part in text.split(" OR "))


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(f"| {name} | {license_of(name)} |\n" for name in pinned())


if __name__ == "__main__":
    sys.stdout.write(page())
