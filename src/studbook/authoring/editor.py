"""Editor settings that attach the JSON Schemas to the files of a registry."""

from __future__ import annotations

import json
from typing import TypeAlias

from studbook import schemas

Settings: TypeAlias = dict[str, dict[str, str]]
_Pairs: TypeAlias = list[tuple[str, object]]


def settings(schema_folder: str, registry: str) -> Settings:
    """For Visual Studio Code with its YAML extension."""
    attached = {schemas.file_name(name): f"{registry}/{path}" for name, path in schemas.PATHS.items()}
    return {
        "files.associations": {"*.dvc": "yaml"},
        "yaml.schemas": {f"./{schema_folder}/{file}": path for file, path in attached.items()},
    }


def render(wanted: Settings) -> str:
    return json.dumps(wanted, indent=2) + "\n"


def merged(text: str, wanted: Settings) -> str | None:
    """The settings with what they lack, and nothing replaced.

    None where they are not plain JSON: they may have comments, which would be lost.
    """
    try:
        present = json.loads(text, object_pairs_hook=_unique)
    except ValueError:
        return None
    if not isinstance(present, dict):
        return None
    before = json.dumps(present)
    for key, entries in wanted.items():
        own = present.setdefault(key, {})
        if not isinstance(own, dict):
            return None
        for name, value in entries.items():
            own.setdefault(name, value)
    if json.dumps(present) == before:
        return text
    return json.dumps(present, indent=_indent(text), ensure_ascii=False) + "\n"


def _unique(pairs: _Pairs) -> dict[str, object]:
    """Of two equal keys JSON keeps the last; writing the file anew would lose the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


def _indent(text: str) -> str | int:
    """What the file's first indented line is indented by."""
    for line in text.splitlines():
        if line.strip() and (margin := line[: len(line) - len(line.lstrip())]):
            return margin
    return 2
