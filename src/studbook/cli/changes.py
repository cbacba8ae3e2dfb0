"""studbook changes"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.main import Settings
from studbook.cli.reading import reading, say, say_json
from studbook.diagnostic import Fault

if TYPE_CHECKING:
    from studbook.git import Repository


@click.command("changes")
@click.argument("revisions", metavar="[A..B]", required=False)
@reading
@click.pass_obj
def command(settings: Settings, revisions: str | None, as_json: bool, at: str | None) -> int:
    """What changed from A to B: the versions that came, the stages that moved, and so on; for deployment jobs.

    Without revisions: what HEAD, or the revision --at, changed against its first parent. With a date, `--at 2026-03-01`:
    what that day changed.

    \b
    Examples:
      studbook changes                     what the last merge did
      studbook changes v1..main --json     "changes" as in `studbook validate --json`
    """
    from pathlib import Path

    from studbook.git import Repository
    from studbook.question import of_step
    from studbook.render.changes import records, table
    from studbook.validate import judge

    with Repository(Path(settings.directory), settings.registry) as repo:
        base, head = _given(repo, revisions, at) if revisions else _step(repo, at)
        changes = judge(repo, of_step(repo, base, head)).changes
        if as_json:
            say_json({"base": base, "head": head, "changes": records(changes)})
        elif changes:
            say(settings, table(changes))
        elif not settings.quiet:
            click.echo("nothing in the registry changed")
    return 0


def _given(repo: Repository, revisions: str, at: str | None) -> tuple[str, str]:
    base, dots, head = revisions.partition("..")
    if at is not None or not dots or not base or head.startswith("."):
        raise click.UsageError("give two revisions as A..B, with two dots, or one date or revision as --at")
    first, second = repo.resolve_all(base, head or "HEAD")
    return first, second


def _step(repo: Repository, at: str | None) -> tuple[str, str]:
    """A day, or the last step up to a moment or revision."""
    from studbook.when import find, last_commit

    when = find(repo, at)
    if when.day is not None:
        return last_commit(repo, when.day.start - 1) or repo.empty_tree, when.commit
    if repo.is_shallow:
        raise Fault("this is a shallow clone, and a commit's parent is asked for", "fetch it: git fetch --deepen=1")
    parents = repo.git.text("rev-list", "--parents", "-n", "1", when.commit).split()[1:]
    return (parents[0] if parents else repo.empty_tree), when.commit
