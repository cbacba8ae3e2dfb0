"""What a demonstration is played on: a real repository, real commands, and somebody who tells what happens."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

from studbook.diagnostic import Fault

_ME = {"user.name": "Ada", "user.email": "ada@example.com", "commit.gpgsign": "false", "core.hooksPath": "/dev/null"}


class Teller(Protocol):
    """Where the story is told."""

    def scene(self, title: str) -> None: ...

    def say(self, text: str) -> None: ...

    def command(self, text: str) -> None: ...

    def file(self, path: str, text: str) -> None: ...

    def output(self, text: str) -> None: ...


class Theatre:
    """A new repository in `folder`/models, with a DVC remote in `folder`/remote."""

    def __init__(self, folder: Path, teller: Teller, *, colour: bool) -> None:
        self.repository = folder / "models"
        self.remote = folder / "remote"
        self._teller = teller
        colours = {"FORCE_COLOR": "1"} if colour else {"NO_COLOR": "1"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
        self._environment = {**kept, **colours, "COLUMNS": str(shutil.get_terminal_size((120, 40)).columns)}

    def open(self) -> None:
        self.repository.mkdir(parents=True)
        self.run("git", "init", "--quiet", "--initial-branch=main")
        for key, value in _ME.items():
            self._call(["git", "config", key, value])

    def run(self, *command: str, refused: bool = False) -> None:
        """Run a command and show it. `refused`: it must end with exit status 1; otherwise with 0."""
        self._teller.command(shlex.join(command))
        done = self._call(_resolve(command))
        if text := done.stdout.strip("\n"):
            self._teller.output(text)
        if done.returncode != (1 if refused else 0):
            raise Fault(f"the demo did not go as it should: `{shlex.join(command)}` gave exit status {done.returncode}")

    def quietly(self, *command: str) -> str:
        """Run a command without showing it."""
        done = self._call(_resolve(command))
        if done.returncode:
            raise Fault(f"the demo could not run `{shlex.join(command)}`: {done.stdout.strip()}")
        return done.stdout.strip()

    def write(self, path: str, text: str, *, show: bool = True) -> None:
        target = self.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if show:
            self._teller.file(path, text)

    def copy(self, source: bytes, path: str) -> None:
        target = self.repository / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source)

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.repository,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )


def _resolve(command: tuple[str, ...]) -> list[str]:
    """The studbook and the DVC of this very environment, whatever PATH says."""
    if command[0] in ("studbook", "dvc"):
        return [sys.executable, "-m", *command]
    return list(command)
