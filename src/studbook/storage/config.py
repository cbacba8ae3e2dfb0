"""DVC's configuration: the repository's part from a trusted commit, the user's own from where DVC looks for it."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, TypeAlias

from studbook.diagnostic import Fault

Section: TypeAlias = Mapping[str, object]


class Trusted(NamedTuple):
    """What may be believed about a repository's DVC configuration."""

    text: str | None
    """`.dvc/config` as the trusted commit has it."""
    origin: str
    """Where that was read, for people."""
    home: Path
    """The `.dvc` folder that relative paths in it begin from; it need not exist."""
    is_here: bool = True
    """Whether the repository itself, and not a copy of it, is at `home`."""
    has_local_file: bool = False
    """Whether `.dvc/config.local` there is the user's own."""


class Config(NamedTuple):
    values: Mapping[str, Mapping[str, Section]]
    """Sections as DVC has them: core, cache, remote (name → settings)."""
    trusted: Trusted

    @property
    def cache(self) -> Path:
        """Where DVC keeps objects on this machine."""
        found = self.values["cache"].get("dir")
        return Path(str(found)) if found else self.trusted.home / "cache"


class _Committed:
    """What DVC's configuration needs of a file system, with .dvc/config as it is in a commit."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def abspath(self, path: str) -> str:
        return os.path.abspath(path)

    def join(self, *parts: str) -> str:
        return os.path.join(*parts)

    def open(self, path: str) -> io.StringIO:
        if self._text is None:
            raise FileNotFoundError(path)
        return io.StringIO(self._text)


def load(trusted: Trusted) -> Config:
    """The configuration that holds for a repository. Raises `Fault` where it cannot be read."""
    from dvc.config import Config as DvcConfig
    from dvc.config import ConfigError

    own = str(trusted.home) if trusted.has_local_file else None
    try:
        values = DvcConfig(dvc_dir=str(trusted.home), local_dvc_dir=own, fs=_Committed(trusted.text))
    except ConfigError as error:
        raise Fault(f"{trusted.origin} cannot be used: {error}", "see `dvc config --list --show-origin`") from error
    return Config(values, trusted)
