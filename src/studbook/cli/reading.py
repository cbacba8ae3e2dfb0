"""What the reading commands share: `--at`, `--json`, opening the registry, and how tables are printed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import click

from studbook.cli.main import Settings, console

if TYPE_CHECKING:
    from studbook.registry import Registry
    from studbook.render.tables import Table

F = TypeVar("F", bound=Callable[..., int])


def reading(command: F) -> F:
    """The two options that every reading command takes."""
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for machines.")
    at = click.option(
        "--at", metavar="REV-or-date", help="Read that revision, or how things stood then (2026-03-01; UTC)."
    )
    return as_json(at(command))


def opened(settings: Settings, at: str | None) -> Registry:
    from studbook.registry import open

    return open(settings.directory, at, settings.registry)


def say_json(value: dict[str, object]) -> None:
    text = json.dumps({"schema": 1, **value}, indent=2, ensure_ascii=False, allow_nan=False)
    click.echo(text.encode("utf-8", "replace"))  # a name in Git may be no Unicode


def say(settings: Settings, *tables: Table) -> None:
    """Print tables: for a terminal as wide as it is, else plain."""
    from studbook.render import tables as render

    if settings.quiet:
        return
    if sys.stdout.isatty():
        console().print(render.rich(tables))
    else:
        click.echo(render.plain(tables), nl=False)


def note(settings: Settings, lines: Iterable[str]) -> None:
    """What is no answer but should be known, to standard error."""
    if not settings.quiet:
        for line in lines:
            click.echo(f"note: {line}", err=True)
