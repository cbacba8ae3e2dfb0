"""studbook diff"""

from __future__ import annotations

import click

from studbook.cli.completion import complete_reference
from studbook.cli.main import Settings
from studbook.cli.reading import opened, reading, say, say_json


@click.command("diff")
@click.argument("old", metavar="REF", shell_complete=complete_reference)
@click.argument("new", metavar="REF", shell_complete=complete_reference)
@reading
@click.pass_obj
def command(settings: Settings, old: str, new: str, as_json: bool, at: str | None) -> int:
    """What changed from the first version to the second: metrics, params, data, code, environment, artifacts.

    Metrics are better or worse where the model's model.yaml says which way is better.

    \b
    Examples:
      studbook diff churn@production churn@latest
      studbook diff churn@1.0.0 churn@1.1.0 --json
    """
    from studbook.reading.comparing import differences
    from studbook.render.comparing import record, tables

    with opened(settings, at) as registry:
        before, after = registry.resolve(old), registry.resolve(new)
        found = differences(before, after)
        if as_json:
            names = {"commit": registry.commit, "from": before.reference, "to": after.reference}
            say_json({**names, "differences": [record(row) for row in found]})
        elif any(row.old != row.new for row in found):
            say(settings, *tables(found, before.reference, after.reference))
        elif not settings.quiet:
            click.echo(f"{before.reference} and {after.reference} do not differ")
    return 0
