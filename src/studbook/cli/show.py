"""studbook show"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from studbook.cli.completion import complete_reference
from studbook.cli.main import Settings
from studbook.cli.reading import note, opened, reading, say, say_json

if TYPE_CHECKING:
    from studbook.registry import Registry


@click.command("show")
@click.argument("reference", metavar="REF", shell_complete=complete_reference)
@reading
@click.pass_obj
def command(settings: Settings, reference: str, as_json: bool, at: str | None) -> int:
    """A version in full: what it is, how it measured, what it was made from. Of a MODEL alone: its versions and stages.

    \b
    Examples:
      studbook show churn@production
      studbook show churn@production --at 2026-03-01
      studbook show churn
    """
    from studbook.render import showing

    with opened(settings, at) as registry:
        commit = {"commit": registry.commit}
        if "@" not in reference:
            model = registry[reference]
            if as_json:
                say_json(commit | showing.model_record(model))
            else:
                say(settings, *showing.model_tables(model))
            return 0
        version = registry.resolve(reference)
        others = _others(registry, reference, version.version)
        if as_json:
            say_json(commit | showing.version_record(version) | ({"also_held": others} if others else {}))
        else:
            say(settings, *showing.version_tables(version))
        note(settings, [f"{', '.join(others)} held that stage as well that day"] if others else [])
    return 0


def _others(registry: Registry, reference: str, version: str) -> list[str]:
    """Who else held the stage, where it was asked of a whole day."""
    from studbook.reading.day import holders

    model, _, name = reference.partition("@")
    held = holders(registry, model).get((model, name), ()) if name in registry[model].stage_names() else ()
    return [other for other in held if other != version]
