"""The group of all commands, and what they share: options, consoles, exit status."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from types import ModuleType
from typing import TYPE_CHECKING

import click

from studbook.diagnostic import Fault
from studbook.version import __version__

if TYPE_CHECKING:
    from rich.console import Console

    from studbook.render.text import Line

_COMMANDS = {
    "changes": "what a merge changed",
    "completion": "turn on completion in your shell",
    "diff": "compare two versions",
    "lineage": "what a version was made from, and what was made from it",
    "list": "all models, and which version holds which stage",
    "log": "who put which version into which stage, when and why",
    "show": "a version or a model in full",
    "status": "what stands between a version and each stage",
    "archive": "take a version out of use",
    "evaluate": "add evidence on a version",
    "new": "add a model",
    "promote": "bring a version into a stage",
    "pull": "fetch the artifacts of a version, verified",
    "register": "add a version of a model",
    "rollback": "bring a stage back to its previous version",
    "unarchive": "take a version out of the archive",
    "demo": "play the whole story in a new repository, offline",
    "explain": "what a rule does, why, and how to put it right",
    "init": "lay out a registry in this Git repository",
    "rules": "list the rules",
    "schema": "the JSON Schemas of the files",
    "validate": "judge a change of the registry",
}
"""Command → one line of help. The module of a command is imported when it runs."""


class Commands(click.Group):
    """Commands by name, imported late: help must not cost what the commands cost."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = import_module(f"studbook.cli.{cmd_name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_COMMANDS.items()))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in _COMMANDS:
            from difflib import get_close_matches

            if close := get_close_matches(args[0], _COMMANDS, 1):
                raise click.UsageError(f"there is no command `{args[0]}`; did you mean `{close[0]}`?", ctx)
        return super().resolve_command(ctx, args)


class Settings:
    """The options that stand before the command."""

    def __init__(self, directory: str, registry: str, quiet: bool) -> None:
        self.directory = directory
        self.registry = registry
        self.quiet = quiet


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "directory", metavar="DIR", default=".", help="Run as if started in DIR.")
@click.option("--registry", metavar="PATH", default="registry", show_default=True, help="The registry's folder.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing; the exit status tells.")
@click.version_option(__version__, prog_name="studbook", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, directory: str, registry: str, quiet: bool) -> None:
    """A model registry that is a Git repository.

    A merge is a promotion, `git log` is the audit trail, `git revert` is the rollback.

    Exit status: 0 holds, 1 findings of severity error, 2 the question could not be asked.
    """
    ctx.obj = Settings(directory, registry, quiet)


def _without_pydantic_plugins() -> None:
    """No plugin that happens to be installed takes part in a verdict.

    The variable is pydantic's own switch. Even so it imports what finds plugins (`importlib.metadata`, a tenth of a check's
    time), unless its loader is there already; where a later pydantic has none of that name, this does nothing.
    """
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    loader = ModuleType("pydantic.plugin._loader")
    loader.get_plugins = tuple  # type: ignore[attr-defined]
    sys.modules.setdefault(loader.__name__, loader)


def run(arguments: Sequence[str]) -> int:
    """Run a command and give its exit status. Nothing a person can cause ends in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character is no reason to end
    gc.disable()  # short-lived process: collecting costs more than it frees
    _without_pydantic_plugins()
    try:
        return _run(arguments)
    finally:
        gc.freeze()  # or the interpreter collects everything once more when it ends


def _run(arguments: Sequence[str]) -> int:
    try:
        result = cli.main(list(arguments), prog_name="studbook", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return 2
    except Fault as fault:
        print(f"studbook: {fault}", file=sys.stderr)
        if fault.hint:
            print(f"  fix: {fault.hint}", file=sys.stderr)
        return 2
    except (KeyboardInterrupt, click.exceptions.Abort):
        print("studbook: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return result if isinstance(result, int) else 0


def width(*, plain: bool = False) -> int:
    """Cells of a line: those of the terminal, or 120 where the output is piped."""
    from shutil import get_terminal_size

    return 120 if plain or not sys.stdout.isatty() else get_terminal_size().columns


def show(lines: list[Line], output: str | None = None) -> None:
    """Print lines, in colour on a terminal; or write them to a file."""
    from studbook.render.text import plain

    if output is not None:
        write_file(output, plain(lines))
    elif not sys.stdout.isatty():
        sys.stdout.write(plain(lines))
    else:
        from rich.text import Text

        for line in lines:
            console().print(Text.assemble(*line), soft_wrap=True)


def console(*, stderr: bool = False, plain: bool = False) -> Console:
    """A console as wide as the terminal; plain where the output is piped, or NO_COLOR is set."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    piped = plain or not stream.isatty()
    return Console(
        file=stream, width=120 if piped else None, highlight=False, no_color=piped or None, force_terminal=not piped
    )


def write_file(path: str, text: str) -> None:
    """Write a file whole or not at all."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError as error:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise Fault(f"cannot write {path}: {error.strerror}", "check the folder and its permissions") from error
