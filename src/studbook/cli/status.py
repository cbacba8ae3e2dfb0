"""studbook status"""

from __future__ import annotations

import click

from studbook.cli.completion import complete_reference
from studbook.cli.main import Settings
from studbook.cli.reading import opened, reading, say, say_json


@click.command("status")
@click.argument("reference", metavar="REF", shell_complete=complete_reference)
@reading
@click.pass_obj
def command(settings: Settings, reference: str, as_json: bool, at: str | None) -> int:
    """What stands between the version REF and each stage: which gate, how much soak is left, who must approve.

    The rules judge the change that would bring it there, against HEAD or --at. With a date, as of that moment.

    \b
    Examples:
      studbook status churn@1.2.0
      studbook status churn@latest --at origin/main
    """
    from studbook.reading.standing import standings
    from studbook.render.standing import record, table

    with opened(settings, at) as registry:
        version = registry.resolve(reference)
        found = standings(registry, version)
        if as_json:
            head = {"model": version.model, "version": version.version, "commit": registry.commit}
            say_json({**head, "stages": [record(standing) for standing in found]})
        else:
            title = f"{version.model} {version.version}"
            say(settings, table(version, found, registry.when.now)._replace(title=title))
    return 0
