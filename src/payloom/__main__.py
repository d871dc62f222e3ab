"""`payloom` and `python -m payloom`: the command line's entry point, which loads nothing before it is needed."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
    from payloom.cli.commands import start  # noqa: PLC0415 - nothing loads before it is needed

    start()


if __name__ == "__main__":
    main()
