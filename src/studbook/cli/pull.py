"""studbook pull"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from studbook.cli.completion import complete_reference
from studbook.cli.main import Settings, console
from studbook.cli.reading import reading, say_json

if TYPE_CHECKING:
    from studbook.artifact import BadArtifact
    from studbook.models import ModelVersion


@click.command("pull")
@click.argument("reference", metavar="REF", shell_complete=complete_reference)
@click.option("-o", "--output", metavar="DIR", default=".", help="Put the artifacts into DIR.  [default: here]")
@click.option("--repo", metavar="URL", help="Read the registry from there; no clone of your own is needed.")
@click.option("--force", is_flag=True, help="Replace what is in the way.")
@reading
@click.pass_obj
def command(
    settings: Settings, reference: str, output: str, repo: str | None, force: bool, as_json: bool, at: str | None
) -> int:
    """Fetch the artifacts of a version. Each is verified against the manifest's sha256 before it appears.

    What is there already and right is left alone. After an interruption the same command goes on where it stopped.

    \b
    Examples:
      studbook pull churn@production -o models
      studbook pull churn@1.2.0 --repo https://github.com/acme/registry
      studbook pull churn@production --at 2026-03-01
    """
    from studbook.pulling import BadArtifact
    from studbook.registry import open

    with open(repo or settings.directory, at, settings.registry) as registry:
        version = registry.resolve(reference)
        try:
            with _bar(settings, version, as_json) as progress:
                found = version.pull(Path(settings.directory, output), progress=progress, force=force)
        except BadArtifact as error:
            return _refused(version, error, as_json)
        if as_json:
            say_json({**_subject(version), "ok": True, "artifacts": _artifacts(version, found), "diagnostics": []})
        elif not settings.quiet:
            click.echo("\n".join(str(path) for path in found))
    return 0


def _subject(version: ModelVersion) -> dict[str, object]:
    return {"commit": version.registry.commit, "model": version.model, "version": version.version}


def _artifacts(version: ModelVersion, found: list[Path]) -> list[dict[str, object]]:
    rows = zip(version.manifest.artifacts, found, strict=True)
    return [{"path": a.path, "file": str(path), "size": a.size, "sha256": a.sha256} for a, path in rows]


def _refused(version: ModelVersion, error: BadArtifact, as_json: bool) -> int:
    from studbook.engine import printable

    message, hint = printable(str(error)), printable(error.hint)
    if as_json:
        diagnostic = {"rule": error.rule, "severity": "error", "message": message, "hint": hint}
        say_json({**_subject(version), "ok": False, "artifacts": [], "diagnostics": [diagnostic]})
    else:
        click.echo(f"{error.rule}: {version}: {message}\n  fix: {hint}", err=True)
    return 1


@contextmanager
def _bar(settings: Settings, version: ModelVersion, as_json: bool) -> Iterator[Callable[[int], None] | None]:
    """A progress bar in bytes, where somebody watches."""
    if settings.quiet or as_json or not sys.stderr.isatty():
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    total = sum(artifact.size for artifact in version.manifest.artifacts)
    with Progress(*columns, console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(str(version), total=total)
        yield lambda count: bar.advance(task, count)
