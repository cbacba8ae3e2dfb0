"""studbook promote"""

from __future__ import annotations

import click

from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run, version_of


@click.command("promote")
@click.argument("reference", metavar="REF")
@click.argument("stage")
@click.option("--reason", metavar="TEXT", help="Why this version: it stands in the stage's file.")
@click.option("--retry", metavar="TEXT", help="What has changed since it was rolled back from this stage.")
@proposing
@click.pass_obj
def command(
    settings: Settings, /, reference: str, stage: str, reason: str | None, retry: str | None, **options: object
) -> int:
    """Propose that REF (MODEL@VERSION, or MODEL@STAGE for who holds it) enters STAGE.

    Makes one commit on a new branch off the default branch and validates it before it is kept; your working tree, index and
    branch stay as they are.

    \b
    Examples:
      studbook promote churn@1.2.0 staging
      studbook promote churn@staging production --reason "half a point better" --pr
    """
    return run(settings, options, lambda at: stages.promote(at, *version_of(at, reference), stage, reason, retry))
