"""studbook log"""

from __future__ import annotations

import click

from studbook.cli.completion import complete_model, complete_stage
from studbook.cli.main import Settings
from studbook.cli.reading import opened, reading, say, say_json


@click.command("log")
@click.argument("model", shell_complete=complete_model)
@click.argument("stage", required=False, shell_complete=complete_stage)
@reading
@click.pass_obj
def command(settings: Settings, model: str, stage: str | None, as_json: bool, at: str | None) -> int:
    """Who put which version of MODEL into which stage, when, why, and for how long. Newest first.

    With a date, `--at 2026-03-01`: who held each stage at any time of that day.

    \b
    Examples:
      studbook log churn
      studbook log churn production --at 2026-03-01
    """
    from studbook.reading.day import during
    from studbook.render.timeline import record, table

    with opened(settings, at) as registry:
        turns = registry[model].log(stage)
        if registry.when.day is not None:
            turns = during(turns, registry.when.day)
        now = registry.when.now
        if as_json:
            head = {"model": model, "stage": stage, "commit": registry.commit, "now": now}
            say_json({**head, "log": [record(turn, now) for turn in turns]})
        elif turns:
            say(settings, table(turns, now))
        elif not settings.quiet:
            click.echo(f"nothing has held {stage or 'a stage'} of {model}" + (f" at {at}" if at else " yet"))
    return 0
