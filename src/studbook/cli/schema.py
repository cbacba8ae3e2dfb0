"""studbook schema"""

from __future__ import annotations

import os
from pathlib import Path

import click

from studbook.cli.main import Settings, write_file
from studbook.diagnostic import Fault

_FOLDERS = (".studbook/schemas", "schemas")
"""Where they lie: where `init` puts them, or where this project's own repository has them."""


@click.command("schema")
@click.argument("name", required=False)
@click.option("--output", metavar="DIR", help="Write the schemas into DIR.")
@click.option(
    "--check", is_flag=True, help="Compare the files in DIR with what would be written; exit 1 where they differ."
)
@click.pass_obj
def command(settings: Settings, name: str | None, output: str | None, check: bool) -> int:
    """The JSON Schemas of the files, for editors and other tools.

    Made from the very models that `validate` reads with. Without NAME: list them.

    \b
    Examples:
      studbook schema manifest                         print one
      studbook schema --output .studbook/schemas       write them all (`init` did; after an upgrade, again)
      studbook schema --check                          are the files that lie there up to date?
    """
    chosen = _chosen(name)
    folder = Path(
        settings.directory, output or next((f for f in _FOLDERS if Path(settings.directory, f).is_dir()), _FOLDERS[0])
    )
    if check:
        return _check(settings, folder, chosen)
    if output is not None:
        return _write(settings, folder, chosen)
    if name is not None:
        click.echo("".join(chosen.values()), nl=False)
    elif not settings.quiet:
        _list()
    return 0


def _chosen(name: str | None) -> dict[str, str]:
    """File names and texts: of one kind of file, or of all."""
    from studbook import schemas

    if name is None:
        return dict(schemas.files())
    if name not in schemas.MODELS:
        raise Fault(f"there is no schema `{name}`", f"name one of: {', '.join(schemas.MODELS)}")
    return {schemas.file_name(name): schemas.text(name)}


def _list() -> None:
    from studbook import schemas

    for name, path in schemas.PATHS.items():
        click.echo(f"{name:<12}{path}")


def _write(settings: Settings, folder: Path, chosen: dict[str, str]) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Fault(f"cannot make the folder {folder}: {error.strerror}", "name another one with --output") from error
    for name, text in chosen.items():
        write_file(str(folder / name), text)
        if not settings.quiet:
            click.echo(f"wrote {os.path.normpath(folder / name)}")
    return 0


def _check(settings: Settings, folder: Path, chosen: dict[str, str]) -> int:
    """Only `--check` without a name sees files that should not be there: their kind is gone."""
    from studbook.schemas import MODELS, SUFFIX

    stale = [name for name, text in chosen.items() if _read(folder / name) != text]
    if len(chosen) == len(MODELS):
        stale += sorted(file.name for file in folder.glob(f"*{SUFFIX}") if file.name not in chosen)
    if stale and not settings.quiet:
        click.echo(f"not up to date in {folder}: {', '.join(stale)}", err=True)
        click.echo(f"  fix: studbook schema --output {folder}, and remove what it did not write", err=True)
    return 1 if stale else 0


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
