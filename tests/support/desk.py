"""Where a data scientist works: a registry with a DVC remote, and beside it a repository of training code with an origin."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from support import samples
from support.command import studbook
from support.lab import Lab

_POLICY = "convention: 1\nstages: {production: {from: [registered]}}\n"
_MODEL = 'description: Predicts which customers leave.\nowners: ["@acme/retention"]\n'
_CODE = {
    "train.py": "print(1)\n",
    "pyproject.toml": '[project]\nname = "x"\nversion = "1"\ndependencies = ["click>=8", "PyYAML"]\n',
    "requirements.lock": "click==8.1.7\nPyYAML==6.0.1\n",
    ".gitignore": "",
}


class Desk:
    def __init__(self, top: Path) -> None:
        self.top = top
        self.store = top / "store"
        self.store.mkdir()
        self.registry = Lab(top / "registry")
        self.registry.commit(
            {
                ".dvc/config": f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {self.store}\n",
                ".dvc/.gitignore": "/config.local\n/tmp\n/cache\n",
                "registry/.gitignore": "*\n!*/\n!*.yaml\n!*.dvc\n!README.md\n!.gitignore\n",
                "registry/registry.yaml": _POLICY,
                "registry/churn/model.yaml": _MODEL,
            }
        )
        self.registry.commit(dict(samples.version_files("churn", "1.0.0")))
        self._publish(self.registry, top / "registry.git")
        self.origin = top / "code.git"
        self.code = Lab(top / "code")
        self.code.commit(dict(_CODE))
        self._publish(self.code, self.origin)
        (self.code.path / "model.onnx").write_bytes(b"weights" * 1000)

    @classmethod
    def at(cls, top: Path) -> Desk:
        """One that was copied to another place."""
        desk = cls.__new__(cls)
        desk.top, desk.store, desk.origin = top, top / "store", top / "code.git"
        desk.registry, desk.code = Lab(top / "registry"), Lab(top / "code")
        config = f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = {desk.store}\n"
        desk.registry.commit({".dvc/config": config})
        desk.registry.git("reset", "-q", "--hard", "main")
        return desk

    @staticmethod
    def _publish(lab: Lab, origin: Path) -> None:
        lab.git("reset", "-q", "--hard", "main")
        lab.git("clone", "-q", "--bare", str(lab.path), str(origin))
        lab.git("remote", "add", "origin", str(origin))
        lab.git("fetch", "-q", "origin")

    def register(self, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
        """From the code's repository, as a data scientist would."""
        words = ["-C", str(self.registry.path), "register", *map(str, arguments)]
        return studbook(*words, cwd=self.code.path, **environment)

    def write(self, name: str, text: str) -> Path:
        """A file beside both repositories."""
        path = self.top / name
        path.write_text(text)
        return path

    def manifest(self, branch: str, version: str) -> dict[str, Any]:
        text = self.registry.git("show", f"{branch}:registry/churn/versions/{version}/manifest.yaml")
        value = yaml.safe_load(text)
        assert isinstance(value, dict)
        return value

    def state(self) -> tuple[str, ...]:
        """All of the registry's checkout that a command must leave alone."""
        lab = self.registry
        index = (lab.path / ".git/index").read_bytes().hex()
        return lab.git("status", "--porcelain"), lab.git("symbolic-ref", "HEAD"), lab.git("rev-parse", "HEAD"), index

    def dvc(self, *arguments: str, folder: Path | None = None) -> None:
        where = folder or self.registry.path
        done = subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=where, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
