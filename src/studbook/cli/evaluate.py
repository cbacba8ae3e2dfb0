"""studbook evaluate"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import click

from studbook import document
from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run, version_of
from studbook.diagnostic import Fault


@click.command("evaluate")
@click.argument("reference", metavar="REF")
@click.argument("suite")
@click.option("--metrics", metavar="FILE", required=True, help="JSON or YAML: a mapping of names to numbers.")
@click.option(
    "--data", metavar="KEY=VALUE,…", help="What it was measured on: name=, uri=, md5=, version=, or file= to hash."
)
@click.option("--run", "name", metavar="NAME", help="Name of this run.  [default: the time, such as 20261101-093000]")
@click.option("--notes", metavar="TEXT")
@proposing
@click.pass_obj
def command(
    settings: Settings,
    /,
    reference: str,
    suite: str,
    metrics: str,
    data: str | None,
    name: str | None,
    notes: str | None,
    **options: object,
) -> int:
    """Propose evidence on a registered version: the metrics of one run of SUITE.

    \b
    Example:
      studbook evaluate churn@1.2.0 holdout --metrics metrics.json --data name=holdout-2026-11,file=holdout.csv
    """
    content: dict[str, object] = {"metrics": mapping(Path(settings.directory, metrics))}
    if data is not None:
        content["data"] = dataset(data, Path(settings.directory))
    if notes is not None:
        content["notes"] = notes
    run_name = name or datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    return run(settings, options, lambda at: stages.evaluate(at, *version_of(at, reference), suite, run_name, content))


def mapping(path: Path) -> dict[str, object]:
    """A JSON or YAML file that holds a mapping."""
    try:
        read = document.parse(path.read_bytes())
    except OSError as error:
        raise Fault(f"cannot read {path}: {error.strerror}", "check the path") from error
    if read.problems:
        problem = read.problems[0]
        raise Fault(f"{path}:{read.span(problem.offset).line}: {problem.message}", problem.hint)
    if not isinstance(read.value, dict):
        raise Fault(f"{path} holds no mapping", "write names and values, such as {auc: 0.93}")
    return read.value


def dataset(text: str, directory: Path) -> dict[str, str | int]:
    """`name=holdout,uri=s3://…,file=holdout.csv` as a dataset; a file is hashed, and not copied."""
    pairs = [part.partition("=") for part in text.split(",")]
    wrong = [
        key for key, _, _ in pairs if key not in ("name", "role", "uri", "md5", "sha256", "version", "size", "file")
    ]
    if wrong or not all(value for _, _, value in pairs):
        raise Fault(
            f"--data {text}: `{wrong[0] if wrong else text}` is not understood",
            "write name=NAME,uri=URI,file=FILE or md5=HASH",
        )
    found: dict[str, str | int] = {key: value for key, _, value in pairs}
    if (file := found.pop("file", None)) is not None:
        path = Path(directory, str(file))
        try:
            with path.open("rb") as opened:
                found["md5"] = hashlib.file_digest(opened, "md5").hexdigest()
            found["size"] = path.stat().st_size
        except OSError as error:
            raise Fault(f"cannot read {path}: {error.strerror}", "check the path") from error
    return found
