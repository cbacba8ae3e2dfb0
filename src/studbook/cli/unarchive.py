"""studbook unarchive"""

from __future__ import annotations

import click

from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run, version_of


@click.command("unarchive")
@click.argument("reference", metavar="REF")
@click.option("--reason", metavar="TEXT", default="", help="Why: it stands in the commit's message.")
@proposing
@click.pass_obj
def command(settings: Settings, /, reference: str, reason: str, **options: object) -> int:
    """Propose that REF is taken out of the archive again."""
    return run(settings, options, lambda at: stages.unarchive(at, *version_of(at, reference), reason))
