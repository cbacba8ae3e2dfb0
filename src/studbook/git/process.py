"""Starting git: one environment for every call, and one kind of failure."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from studbook.diagnostic import Fault

_ENVIRONMENT = {
    "GIT_NO_REPLACE_OBJECTS": "1",  # what a commit holds is what its id says
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_SETTINGS = (
    "core.warnAmbiguousRefs=true",  # a tag `main` beside the branch must be seen
    "core.quotePath=false",
    "diff.renames=false",
    "log.showRoot=true",
    "log.showSignature=false",
    "log.follow=false",
    "core.fsmonitor=false",
)


class Answer(NamedTuple):
    """What a command said when it ended."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Git:
    """Runs git in one repository."""

    def __init__(self, directory: Path, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self._environment = {**os.environ, **_ENVIRONMENT, **(environment or {})}
        self._prefix = ["git", *(part for setting in _SETTINGS for part in ("-c", setting))]

    def with_environment(self, **environment: str) -> Git:
        return Git(self.directory, {**self._environment, **environment})

    def start(self, *arguments: str, stdin: int | None = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        command = [*self._prefix, *arguments]
        try:
            return subprocess.Popen(
                command,
                cwd=self.directory,
                env=self._environment,
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            if not self.directory.is_dir():
                raise Fault(f"there is no folder {self.directory}") from error
            raise Fault("git is not installed", "install git 2.38 or later") from error

    def try_run(self, *arguments: str, stdin: bytes | None = None) -> Answer:
        return finish(self.start(*arguments, stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE), stdin)

    def run(self, *arguments: str, stdin: bytes | None = None) -> bytes:
        """What git prints. Raises `Fault` where it fails."""
        done = self.try_run(*arguments, stdin=stdin)
        if done.returncode:
            raise failure(arguments, done.stderr)
        return done.stdout

    def text(self, *arguments: str) -> str:
        return os.fsdecode(self.run(*arguments)).strip()

    @cached_property
    def version(self) -> tuple[int, ...]:
        digits = self.text("version").split()[2].split(".")
        return tuple(int(part) for part in digits[:2] if part.isdigit())


def finish(process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Answer:
    output, errors = process.communicate(stdin)
    return Answer(process.returncode, output, errors)


def failure(arguments: Sequence[str], stderr: bytes) -> Fault:
    """The last line that git wrote, as a `Fault`."""
    lines = [line for line in stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    return Fault(f"git {arguments[0]} failed: {lines[-1] if lines else 'it said nothing'}")
