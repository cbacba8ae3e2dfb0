"""studbook list"""

from __future__ import annotations

import click

from studbook.cli.completion import complete_stage
from studbook.cli.main import Settings
from studbook.cli.reading import note, opened, reading, say, say_json


@click.command("list")
@click.option("--stage", shell_complete=complete_stage, help="Only models with a version in this stage.")
@click.option("--owner", help="Only models of this owner: @org/team, @login or an e-mail address.")
@click.option("--task", help="Only models for this task.")
@click.option("--tag", "tags", metavar="KEY=VALUE", multiple=True, help="Only models with this tag. Repeatable.")
@click.option("--where", metavar="CEL", help="Only where this is true of the latest release, or of who holds --stage.")
@reading
@click.pass_obj
def command(
    settings: Settings,
    stage: str | None,
    owner: str | None,
    task: str | None,
    tags: tuple[str, ...],
    where: str | None,
    as_json: bool,
    at: str | None,
) -> int:
    """All models, and which version holds which stage. On a day (`--at 2026-03-01`): every version that did.

    \b
    Examples:
      studbook list --owner @acme/retention
      studbook list --stage production --where 'candidate.metrics.auc > 0.9'
      studbook list --at 2026-03-01
    """
    from studbook.reading.overview import Wanted, overview
    from studbook.render.overview import records, table

    wanted = Wanted(stage, owner, task, tuple(map(_tag, tags)), where)
    with opened(settings, at) as registry:
        found = overview(registry, wanted, details=as_json)
        if as_json:
            say_json({"commit": registry.commit, "models": records(found)})
        elif found.rows:
            say(settings, table(found))
        note(settings, _left_out(found.unanswered))
        if not found.rows and not as_json:
            note(settings, ["no model is like that" if wanted != Wanted() else "this registry has no models yet"])
    return 0


def _tag(text: str) -> tuple[str, str]:
    key, mark, value = text.partition("=")
    if not mark:
        raise click.UsageError(f"--tag {text}: write it as key=value")
    return key, value


def _left_out(unanswered: dict[str, str]) -> list[str]:
    if not unanswered:
        return []
    reference, problem = next(iter(unanswered.items()))
    others = f", and {len(unanswered) - 1} more" if len(unanswered) > 1 else ""
    return [f"--where could not be asked of {reference} ({problem}){others}"]
