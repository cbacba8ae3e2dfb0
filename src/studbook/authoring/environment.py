"""What a model was trained in: Python, the lockfile, and the packages that the code declares.

Files are asked for by a function, so that they may come from a folder or from a commit.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias

from packaging.markers import UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

Files: TypeAlias = Callable[[str], bytes | None]
"""The file of that name beside the code; None where there is none."""
Versions: TypeAlias = Mapping[str, str]
"""By canonical name."""

LOCKFILES = ("uv.lock", "poetry.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "requirements.lock")
_REQUIREMENTS = ("requirements.in", "requirements.txt")
_PINNED = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;#\\]+)", re.MULTILINE)
_ASK = """
import json, sys
from importlib.metadata import distributions
found = {d.metadata["Name"]: d.version for d in distributions() if d.metadata["Name"]}
print(json.dumps(["%d.%d.%d" % sys.version_info[:3], found]))
"""


def of_folder(folder: Path, python: Path) -> dict[str, object]:
    """The environment whose interpreter is `python`, for the code in `folder`."""
    files = _on_disk(folder)
    version, installed = _installed(python)
    return _environment(version, files, installed)


def of_commit(files: Files) -> dict[str, object]:
    """What a commit says of it, and nothing of this machine: the lockfile, and the versions that it pins."""
    python = (files(".python-version") or b"").decode("utf-8", "replace").strip()
    return _environment(python if re.fullmatch(r"\d+\.\d+[\w.]*", python) else "", files, _locked(files))


def pinned(text: str) -> dict[str, str]:
    """Packages that requirements name with `==`."""
    return {canonicalize_name(name): version for name, version in _PINNED.findall(text)}


def _environment(python: str, files: Files, versions: Versions) -> dict[str, object]:
    wanted = {name: versions[name] for name in sorted(set(_declared(files))) if name in versions}
    found: dict[str, object] = {"python": python, "lockfile": _lockfile(files), "packages": wanted}
    return {key: value for key, value in found.items() if value}


def _on_disk(folder: Path) -> Files:
    return lambda name: (folder / name).read_bytes() if (folder / name).is_file() else None


def _installed(python: Path) -> tuple[str, Versions]:
    """Version of an interpreter, and what is installed for it; nothing where it cannot be asked."""
    try:
        done = subprocess.run([python, "-I", "-c", _ASK], capture_output=True, stdin=subprocess.DEVNULL, check=True)
        version, packages = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return "", {}
    return str(version), {canonicalize_name(name): str(found) for name, found in packages.items()}


def _lockfile(files: Files) -> str:
    """Name and digest of the first lockfile there is."""
    for name in (*LOCKFILES, "requirements.txt"):
        data = files(name)
        if data is not None and (name in LOCKFILES or _all_pinned(data)):
            return f"{name}@sha256:{hashlib.sha256(data).hexdigest()}"
    return ""


def _all_pinned(data: bytes) -> bool:
    names = list(_named(data.decode("utf-8", "replace").splitlines()))
    return bool(names) and set(names) <= pinned(data.decode("utf-8", "replace")).keys()


def _declared(files: Files) -> Iterator[str]:
    """Canonical names of the packages that the code says it needs."""
    project = _toml(files("pyproject.toml"))
    yield from _named(_strings(_at(project, "project", "dependencies")))
    for extra in _values(_at(project, "project", "optional-dependencies")):
        yield from _named(_strings(extra))
    for group in _values(_at(project, "dependency-groups")):
        yield from _named(_strings(group))
    poetry = _at(project, "tool", "poetry", "dependencies")
    yield from (canonicalize_name(name) for name in (poetry if isinstance(poetry, dict) else ()) if name != "python")
    for name in _REQUIREMENTS:
        yield from _named((files(name) or b"").decode("utf-8", "replace").splitlines())


def _named(lines: list[str]) -> Iterator[str]:
    for line in lines:
        text = re.split(r"\s#|\s--|\\$", line)[0].strip()
        if not text or text.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                yield canonicalize_name(requirement.name)
        except (InvalidRequirement, UndefinedEnvironmentName):
            continue  # a path or a URL: it has no version to record


def _locked(files: Files) -> Versions:
    """Versions that lockfiles and pinned requirements name."""
    found: dict[str, str] = {}
    for name in ("requirements.txt", "requirements.lock"):
        found |= pinned((files(name) or b"").decode("utf-8", "replace"))
    for name, key in (
        ("uv.lock", "package"),
        ("poetry.lock", "package"),
        ("pdm.lock", "package"),
        ("pylock.toml", "packages"),
    ):
        rows = _at(_toml(files(name)), key)
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and isinstance(row.get("version"), str) and isinstance(row.get("name"), str):
                found[canonicalize_name(row["name"])] = row["version"]
    return found


def _toml(data: bytes | None) -> object:
    try:
        return tomllib.loads((data or b"").decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}


def _at(value: object, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _values(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, dict) else []


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
