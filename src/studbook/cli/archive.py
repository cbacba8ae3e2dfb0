"""studbook archive"""

from __future__ import annotations

import click

from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run, version_of


@click.command("archive")
@click.argument("reference", metavar="REF")
@click.option("--reason", metavar="TEXT", required=True, help="Why it may hold no stage any more.")
@click.option("--purged", is_flag=True, help="The remote no longer has its bytes.")
@proposing
@click.pass_obj
def command(settings: Settings, /, reference: str, reason: str, purged: bool, **options: object) -> int:
    """Propose that REF is taken out of use: it stays on record, and may hold no stage.

    \b
    Example:
      studbook archive churn@1.1.0 --reason "trained on leaked labels"
    """
    return run(settings, options, lambda at: stages.archive(at, *version_of(at, reference), reason, purged=purged))
