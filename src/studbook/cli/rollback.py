"""studbook rollback"""

from __future__ import annotations

import click

from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run


@click.command("rollback")
@click.argument("model")
@click.argument("stage")
@click.option("--to", metavar="VERSION", help="Go back to VERSION instead of the previous holder.")
@click.option("--reason", metavar="TEXT", help="Why: it stands in the commit's message.")
@proposing
@click.pass_obj
def command(
    settings: Settings, /, model: str, stage: str, to: str | None, reason: str | None, **options: object
) -> int:
    """Propose that STAGE of MODEL goes back to the version that held it before.

    The file becomes what it was then, as `git revert` of the promotion would leave it. Gates and soak are not asked.

    \b
    Example:
      studbook rollback churn production --reason "INC-4711: scores drift" --pr
    """
    return run(settings, options, lambda at: stages.rollback(at, model, stage, to, reason))
