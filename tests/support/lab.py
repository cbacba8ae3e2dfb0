"""A real Git repository to try things in. Commits are made with fast-import: no checkout, any date, any mode."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from studbook.diagnostic import Report
from studbook.git import Repository
from studbook.question import of_merge, of_step
from studbook.validate import judge

START = 1_767_225_600
"""2026-01-01T00:00:00Z"""

Content = bytes | str | tuple[str, bytes | str] | None
"""What a path is to hold: text, or (mode, text); None removes it."""


class Lab:
    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("GIT_")},
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in _PERSON.items()},
        }
        self.git("init", "-q", "-b", "main")
        for key, value in _PERSON.items():
            self.git("config", f"user.{key.lower()}", value)

    def git(self, *arguments: str, stdin: bytes | None = None, at: int | None = None) -> str:
        dates = {} if at is None else {"GIT_AUTHOR_DATE": f"{at} +0000", "GIT_COMMITTER_DATE": f"{at} +0000"}
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, input=stdin, capture_output=True, env={**self.environment, **dates}
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode(errors="surrogateescape").strip()

    def commit(
        self,
        files: Mapping[str, Content],
        *,
        branch: str = "main",
        at: int = START,
        message: str = "step",
        parents: list[str] | None = None,
    ) -> str:
        """Commit on a branch (made from `parents`, or continued) and give the commit's id."""
        stream = [f"commit refs/heads/{branch}\n".encode(), b"mark :1\n"]
        stream += [f"committer Ada <ada@example.com> {at} +0000\n".encode(), _data(message)]
        if parents is None:
            parents = [tip] if (tip := self.tip(branch)) else []
        for word, parent in zip(["from", *["merge"] * 20], parents, strict=False):
            stream.append(f"{word} {parent}\n".encode())
        for path, content in files.items():
            stream.append(_change(path, content))
        self.git("fast-import", "--quiet", "--force", stdin=b"".join(stream) + b"\n")
        return self.git("rev-parse", f"refs/heads/{branch}")

    def tip(self, branch: str) -> str | None:
        done = subprocess.run(
            ["git", "rev-parse", "-q", "--verify", f"refs/heads/{branch}"],
            cwd=self.path,
            capture_output=True,
            env=self.environment,
        )
        return done.stdout.decode().strip() or None

    def validate(self, base: str = "main", head: str = "topic", *, now: int, everything: bool = False) -> Report:
        with Repository(self.path) as repo:
            return judge(repo, of_merge(repo, base, head), now=now, everything=everything, artifacts="pointers")

    def validate_step(self, commit: str, *, now: int) -> Report:
        with Repository(self.path) as repo:
            return judge(repo, of_step(repo, repo.resolve(f"{commit}^1"), repo.resolve(commit)), now=now)


_PERSON = {"NAME": "Ada", "EMAIL": "ada@example.com"}


def _data(content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return b"data %d\n%s\n" % (len(raw), raw)


def _change(path: str, content: Content) -> bytes:
    quoted = '"' + path.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if content is None:
        return f"D {quoted}\n".encode(errors="surrogateescape")
    mode, body = content if isinstance(content, tuple) else ("100644", content)
    if mode == "160000":
        return f"M 160000 {body!s} {quoted}\n".encode()
    return f"M {mode} inline {quoted}\n".encode(errors="surrogateescape") + _data(body)


def rules(report: Report) -> list[str]:
    return [diagnostic.rule for diagnostic in report.diagnostics]


def errors(report: Report) -> list[str]:
    return [d.rule for d in report.diagnostics if d.severity == "error"]
