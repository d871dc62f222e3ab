"""`payloom` and `python -m payloom`: the command line's entry point, which loads nothing before it is needed."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line."""
    gc.set_threshold(50_000, 20, 100)  # loading makes no garbage worth a tenth of a command's time to look for
    try:
        from payloom.cli.commands import start  # noqa: PLC0415 - nothing loads before it is needed

        start()
    except KeyboardInterrupt:  # while it loads; a command ends itself
        sys.exit(130)


if __name__ == "__main__":
    # `python -m` looks for modules in the current folder first: that may be a project which is only to be looked at.
    if not sys.flags.safe_path and sys.path[0] in {"", os.getcwd()}:  # noqa: PTH109 - pathlib loads only where it is needed
        del sys.path[0]
    main()
