"""studbook demo"""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import indent

import click
from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.text import Text

from studbook.cli.main import Settings, console


class _Told:
    """The story on a console."""

    def __init__(self, target: Console) -> None:
        self._console = target

    def scene(self, title: str) -> None:
        self._console.print()
        self._console.print(Rule(f"[bold]{escape(title)}[/]", align="left", style="blue"))

    def say(self, text: str) -> None:
        self._console.print(Text(text, style="italic"))

    def command(self, text: str) -> None:
        self._console.print(Text.assemble(("$ ", "bold green"), (text, "bold")), soft_wrap=True)

    def file(self, path: str, text: str) -> None:
        self._console.print(Text.assemble(("# write ", "cyan"), (path, "bold cyan")))
        self._console.print(Text(indent(text.rstrip("\n"), "    "), style="cyan"), soft_wrap=True)

    def output(self, text: str) -> None:
        self._console.print(Text.from_ansi(text), soft_wrap=True)


@click.command("demo")
@click.argument("folder", metavar="[DIR]", default="studbook-demo", type=click.Path(path_type=Path))
@click.pass_obj
def command(settings: Settings, folder: Path) -> int:
    """Play the whole story in a new repository, offline, in under a minute.

    Registers real models, stages them, is refused an illegal jump, fails a gate, promotes, rolls back with `git revert`, and
    leaves the repository in DIR (default: studbook-demo) to play in.
    """
    from studbook.demo.story import play

    target = console()
    target.quiet = settings.quiet
    folder = Path(settings.directory, folder).absolute()
    repository = play(folder, _Told(target), colour=sys.stdout.isatty() and not target.no_color)
    target.print()
    target.print(
        Text.assemble("The repository is yours to play in: ", (f"cd {_shown(repository)}", "bold")), soft_wrap=True
    )
    target.print("Change a file below registry/ and run `studbook validate`; `studbook rules` lists what it looks for.")
    return 0


def _shown(path: Path) -> str:
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
