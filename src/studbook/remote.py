"""A repository at a URL, read without a clone of one's own: bare, and without file contents until they are asked for."""

from __future__ import annotations

import re
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from studbook.diagnostic import Fault
from studbook.git.process import Git, failure

_SCHEME = re.compile(r"(?:https?|ssh|git|file|git\+ssh)://", re.IGNORECASE)
_SCP = re.compile(r"(?:[\w.-]+@)?[\w.-]+:(?!\\).+")


def is_url(place: str | PathLike[str]) -> bool:
    """Whether git would clone from here, rather than find a folder."""
    if not isinstance(place, str) or place == ".":
        return False
    return _SCHEME.match(place) is not None or (_SCP.fullmatch(place) is not None and not Path(place).exists())


class Clone:
    """A bare, blobless clone in a temporary folder, gone when it is closed."""

    def __init__(self, url: str) -> None:
        if url.startswith("-"):
            raise Fault(f"{url} is no URL", "write it as https://host/path or user@host:path")
        self._folder = TemporaryDirectory(prefix="studbook-")
        self.path = Path(self._folder.name, "clone.git")
        arguments = ("clone", "-q", "--bare", "--filter=blob:none", "--", url, str(self.path))
        done = Git(Path(gettempdir())).try_run(*arguments)
        if done.returncode:
            self.close()
            raise failure(arguments, done.stderr)

    def close(self) -> None:
        self._folder.cleanup()
