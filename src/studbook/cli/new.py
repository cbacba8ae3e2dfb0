"""studbook new"""

from __future__ import annotations

import click

from studbook.authoring import stages
from studbook.cli.main import Settings
from studbook.cli.proposing import proposing, run


@click.command("new")
@click.argument("model")
@click.option("--description", metavar="TEXT", required=True, help="What the model predicts, in one sentence.")
@click.option("--owner", "owners", metavar="OWNER", multiple=True, required=True, help="@login, @org/team or e-mail.")
@click.option("--task", metavar="NAME", help="A Hugging Face task name, such as tabular-classification.")
@click.option("--license", metavar="SPDX", help="An SPDX expression, such as Apache-2.0.")
@proposing
@click.pass_obj
def command(
    settings: Settings,
    /,
    model: str,
    description: str,
    owners: tuple[str, ...],
    task: str | None,
    license: str | None,
    **options: object,
) -> int:
    """Propose a new MODEL, without versions yet.

    \b
    Example:
      studbook new growth/churn --description "Predicts which customers leave." --owner @acme/retention
    """
    card = {"description": description, "owners": list(owners), "task": task, "license": license}
    return run(settings, options, lambda at: stages.new(at, model, {k: v for k, v in card.items() if v}))
