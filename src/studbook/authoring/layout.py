"""Lay out a registry in a repository: policy, ignore file, workflows, schemas for the editor, DVC."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib import resources
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from studbook import schemas, storage
from studbook.authoring import editor
from studbook.diagnostic import Fault
from studbook.git import Repository
from studbook.version import __version__

SCHEMAS = ".studbook/schemas"
SETTINGS = ".vscode/settings.json"
WORKFLOWS = ".github/workflows"
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
"""Names that mean the same to a shell, to YAML and as a glob."""


class Wish(NamedTuple):
    registry: str = "registry"
    approvers: tuple[str, ...] = ()
    dvc: bool = True
    workflow: bool = True


Action: TypeAlias = Literal["wrote", "added to", "kept"]


class Done(NamedTuple):
    """What became of one path."""

    path: str
    action: Action
    note: str = ""


class Outcome(NamedTuple):
    branch: str
    """The branch that the workflow guards."""
    files: tuple[Done, ...]
    by_hand: str = ""
    """What the user should add to the editor's settings, which could not be read."""


def lay_out(directory: Path, wish: Wish) -> Outcome:
    """Write what is missing. Nothing that exists is replaced, so this can be run again."""
    with _open(directory, wish.registry) as repo:
        top, registry = _top(repo), repo.root
        branch = _default_branch(repo)
    files: list[Done] = []
    if wish.dvc:  # first: if it fails, nothing else is there yet
        files.append(_dvc(top))
    files += [_new(top, path, text) for path, text in _texts(wish, registry, branch)]
    files += [_schema(top, name, text) for name, text in schemas.files()]
    settings, by_hand = _editor(top, editor.settings(SCHEMAS, registry))
    return Outcome(branch, (*files, settings), by_hand)


def _open(directory: Path, registry: str) -> Repository:
    try:
        return Repository(directory, registry)
    except Fault as fault:
        if "not inside a Git repository" not in str(fault):
            raise
        hint = "a registry lives in a Git repository: run git init first, or name one with -C DIR"
        raise Fault(str(fault), hint) from fault


def _top(repo: Repository) -> Path:
    """The top level, once it is clear that a registry can be laid out there."""
    if repo.top is None:
        raise Fault("this repository is bare: it has no working tree", "run studbook init in a clone of it")
    if not _PLAIN.fullmatch(repo.root):
        hint = "use letters, digits, dots, hyphens and underscores, such as --registry registry"
        raise Fault(f"--registry {repo.root or '.'}: a registry needs a folder of its own with a plain name", hint)
    folder = repo.top / repo.root
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise Fault(f"{repo.root} is there already and is not a folder", "move it away, or choose another --registry")
    return repo.top


def _default_branch(repo: Repository) -> str:
    """The branch that pull requests go to, as far as this clone knows."""
    remote = repo.git.try_run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    here = repo.git.try_run("symbolic-ref", "--quiet", "--short", "HEAD")
    candidates = [os.fsdecode(remote.stdout).strip().removeprefix("origin/")]
    candidates += [name for name in ("main", "master") if _has_branch(repo, name)]
    candidates += [os.fsdecode(here.stdout).strip()]
    return next((name for name in candidates if _PLAIN.fullmatch(name)), "main")


def _has_branch(repo: Repository, name: str) -> bool:
    return repo.git.try_run("show-ref", "--verify", "--quiet", f"refs/heads/{name}").returncode == 0


def _dvc(top: Path) -> Done:
    if (top / ".dvc").is_dir():
        return Done(".dvc", "kept")
    storage.init_dvc(top)
    return Done(".dvc", "wrote")


def _texts(wish: Wish, registry: str, branch: str) -> Iterator[tuple[str, str]]:
    """Paths and contents, from the templates."""
    yield f"{registry}/registry.yaml", _policy(wish.approvers)
    yield f"{registry}/.gitignore", _template("gitignore")
    if wish.workflow:
        names = {"BRANCH": json.dumps(branch), "REGISTRY": json.dumps(registry), "VERSION": __version__}
        yield f"{WORKFLOWS}/registry.yml", _template("registry.yml", **names)
        yield f"{WORKFLOWS}/registry-soak.yml", _template("registry-soak.yml")


def _policy(approvers: tuple[str, ...]) -> str:
    line = f"approvers: {json.dumps(approvers)}" if approvers else '# approvers: ["@your-org/ml-platform"]'
    is_preview = any(character.isalpha() for character in __version__)
    series = __version__ if is_preview else ".".join(__version__.split(".")[:2])
    return _template("registry.yaml", SERIES=series, APPROVERS=line, PRODUCTION_APPROVERS=f"    {line}")


def _template(name: str, **values: str) -> str:
    text = resources.files("studbook.authoring").joinpath("templates", name).read_text(encoding="utf-8")
    for key, value in values.items():
        text = text.replace(f"@@{key}@@", value)
    return text


def _new(top: Path, path: str, text: str) -> Done:
    if os.path.lexists(top / path):
        return Done(path, "kept")
    _write(top / path, text)
    return Done(path, "wrote")


def _schema(top: Path, name: str, text: str) -> Done:
    done = _new(top, f"{SCHEMAS}/{name}", text)
    if done.action == "kept" and _read(top / done.path) != text:
        return done._replace(note=f"not this version's: studbook schema --output {SCHEMAS}")
    return done


def _editor(top: Path, wanted: editor.Settings) -> tuple[Done, str]:
    done = _new(top, SETTINGS, editor.render(wanted))
    if done.action == "wrote":
        return done, ""
    present = None if (top / SETTINGS).is_symlink() else _read(top / SETTINGS)
    merged = None if present is None else editor.merged(present, wanted)
    if merged is None:
        return done, editor.render(wanted)
    if merged != present:
        _write(top / SETTINGS, merged)
        return Done(SETTINGS, "added to"), ""
    return done, ""


def _read(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _write(file: Path, text: str) -> None:
    """Whole or not at all."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}.tmp")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(file)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise Fault(f"cannot write {file}: {error.strerror}", "put that right and run `studbook init` again") from error
