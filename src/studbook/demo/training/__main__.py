"""The command line: list, train, evaluate. Exit status 0, or 2 for a version that is not made here."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from studbook.demo.training.run import UnknownVersionError, evaluate, train, versions


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; what it answers goes to standard output."""
    options = _parser().parse_args(arguments)
    try:
        answer = _answer(options)
    except UnknownVersionError as unknown:
        sys.stderr.write(f"{unknown}\n")
        return 2
    sys.stdout.write(answer)
    return 0


def _answer(options: argparse.Namespace) -> str:
    if options.command == "list":
        return "".join(f"{reference}  {description}\n" for reference, description in versions().items())
    if options.command == "train":
        return _json(train(options.reference, options.out))
    return _json(evaluate(options.reference, options.artifacts, options.suite))


def _json(value: object) -> str:
    return f"{json.dumps(value, indent=2)}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m studbook.demo.training", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="every version that is made here")
    training = commands.add_parser("train", help="make a version, and record how")
    training.add_argument("reference", metavar="MODEL@VERSION")
    training.add_argument("--out", type=Path, required=True, help="folder for the artifacts and record.json")
    scoring = commands.add_parser("evaluate", help="score a version's artifacts")
    scoring.add_argument("reference", metavar="MODEL@VERSION")
    scoring.add_argument("--artifacts", type=Path, required=True, help="folder that holds the artifacts")
    scoring.add_argument("--suite", choices=["validation", "holdout"], default="holdout")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
