"""studbook completion, and what the shell is told about models, versions and stages of the repository at hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from studbook.registry import Registry

_MANY = 200
"""More models than this are offered as they are, without a look at whether each is a folder of models."""
_SCRIPTS = {
    # `@` must not break words in bash, or churn@production is three of them
    "bash": 'COMP_WORDBREAKS=${COMP_WORDBREAKS//@}\neval "$(_STUDBOOK_COMPLETE=bash_source studbook)"\n',
    "zsh": 'eval "$(_STUDBOOK_COMPLETE=zsh_source studbook)"\n',
    "fish": "_STUDBOOK_COMPLETE=fish_source studbook | source\n",
}


@click.command("completion")
@click.argument("shell", type=click.Choice(list(_SCRIPTS)))
def command(shell: str) -> int:
    """Print what turns completion on in SHELL: models, versions, stages, commands and options.

    \b
    Examples:
      eval "$(studbook completion bash)"       in ~/.bashrc; zsh the same in ~/.zshrc
      studbook completion fish | source        in ~/.config/fish/config.fish
    """
    click.echo(_SCRIPTS[shell], nl=False)
    return 0


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models, folder by folder."""
    return _asked(ctx, lambda registry: _models(registry, incomplete))


def complete_stage(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The stages of the policy."""
    return _asked(ctx, lambda registry: [s for s in registry.policy.stages if s.startswith(incomplete)])


def complete_reference(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Models; after the @, or where one model is left, stages that somebody holds, `latest`, and versions, newest first."""
    return _asked(ctx, lambda registry: _references(registry, incomplete))


def complete_version(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Versions of the model that stands before, newest first."""
    model = str(ctx.params.get("model") or "")
    return _asked(ctx, lambda registry: [v for v in _versions(registry, model) if v.startswith(incomplete)])


def _asked(ctx: click.Context, question: Callable[[Registry], Iterable[str]]) -> list[CompletionItem]:
    """The answer; nothing where the registry cannot be read, for a shell must not be disturbed."""
    from studbook.diagnostic import Fault
    from studbook.registry import open

    options = ctx.find_root().params
    try:
        with open(options.get("directory") or ".", registry=options.get("registry") or "registry") as registry:
            return [CompletionItem(text) for text in question(registry)]
    except (Fault, OSError):
        return []


def _models(registry: Registry, incomplete: str) -> list[str]:
    """Models that begin so, and folders of models with a slash: one level at a time."""
    from studbook.convention import names, paths

    folder = incomplete.rpartition("/")[0]
    listing = registry.snapshot.listing(folder)
    prefix = f"{folder}/" if folder else ""
    found = [f"{prefix}{name}" for name, entry in listing.items() if entry.is_folder and names.is_model(name)]
    found = [path for path in found if path.startswith(incomplete)]
    if len(found) > _MANY:
        return found
    found = [path if registry.snapshot.has_file(paths.model_file(path)) else f"{path}/" for path in found]
    if len(found) == 1 and found[0].endswith("/") and found[0] != incomplete:
        return _models(registry, found[0])  # a shell would put a space behind the only answer
    return found


def _references(registry: Registry, incomplete: str) -> list[str]:
    model, mark, begun = incomplete.partition("@")
    if mark:
        return _names(registry, model, begun)
    found = _models(registry, model)
    return found if len(found) != 1 else [*found, *_names(registry, found[0], "")]


def _names(registry: Registry, model: str, begun: str) -> list[str]:
    if model not in registry:
        return []
    held = [view.stage for view in registry[model].stages() if view.version is not None]
    latest = ["latest"] if registry[model].latest else []
    known = [*held, *latest, *_versions(registry, model)]
    return [f"{model}@{name}" for name in known if name.startswith(begun)]


def _versions(registry: Registry, model: str) -> list[str]:
    return [v.version for v in reversed(registry[model].versions())] if model in registry else []
