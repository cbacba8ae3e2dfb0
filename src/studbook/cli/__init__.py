"""The command line. One small module per command, imported only when that command runs; the only code that prints."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of `studbook`."""
    if sys.argv[1:] == ["--version"]:  # before anything is imported
        from studbook.version import __version__

        print(f"studbook {__version__}")
        return
    from studbook.cli.main import run

    sys.exit(run(sys.argv[1:]))
