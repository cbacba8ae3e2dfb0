"""A registry whose artifacts are in a real DVC remote."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from studbook import hashing, storage, trust
from studbook.git import Repository
from support import samples
from support.lab import Lab

VERSION = "registry/churn/versions/1.0.0"
_POLICY = 'convention: 1\nstages: {production: {from: [new, registered]}}\n'
_MODEL = 'description: Predicts which customers leave.\nowners: ["@acme/retention"]\n'


class Stocked:
    """A checked-out registry with churn 1.0.0 in production: a file and a directory, in the remote and not in the cache."""

    def __init__(self, top: Path, config: str | None = None, *, size: int = 1_000_000, nfiles: int = 12) -> None:
        self.lab = Lab(top / "registry")
        self.store = top / "store"
        self.originals = top / "originals"
        self._write_originals(size, nfiles)
        if config is None:
            self.store.mkdir()
        self.lab.commit({".dvc/config": config or f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {self.store}\n"})
        self.described = self._register()
        shutil.rmtree(self.lab.path / ".dvc" / "cache", ignore_errors=True)
        self.lab.git("reset", "-q", "--hard", "main")

    def _write_originals(self, size: int, nfiles: int) -> None:
        weights = self.originals / "weights"
        (weights / "deep" / "er").mkdir(parents=True)
        (self.originals / "model.onnx").write_bytes(os.urandom(size))
        for number in range(nfiles - 2):
            (weights / f"part-{number}").write_bytes(os.urandom(size // nfiles))
        (weights / "deep" / "er" / "é.txt").write_text("accents")
        (weights / "empty").touch()

    def _register(self) -> dict[str, hashing.Described]:
        with Repository(self.lab.path) as repo:
            config = trust.config(repo, repo.resolve("main"))
        cache, remote = storage.Cache(config.cache), storage.open_remote(config)
        found = {name: storage.put_in_cache(cache, self.originals / name) for name in ("model.onnx", "weights")}
        for described in found.values():
            storage.push(remote, cache, described)
        self.commit(found)
        return found

    def commit(self, found: dict[str, hashing.Described]) -> None:
        """Let churn 1.0.0 be these artifacts."""
        artifacts = [{"path": n, "size": d.size, "sha256": d.sha256, "format": "onnx"} for n, d in found.items()]
        files = {f"{VERSION}/{name}.dvc": hashing.pointer_text(name, described) for name, described in found.items()}
        files[f"{VERSION}/manifest.yaml"] = samples.manifest("churn", "1.0.0", artifacts=artifacts)
        files |= {"registry/registry.yaml": _POLICY, "registry/churn/model.yaml": _MODEL}
        files["registry/churn/stages/production.yaml"] = samples.stage("1.0.0")
        self.lab.commit(dict(files))
        self.lab.git("reset", "-q", "--hard", "main")

    def object(self, md5: str) -> Path:
        """Where a local remote keeps an object."""
        return self.store / "files" / "md5" / md5[:2] / md5[2:]

    def replace_listing(self, data: bytes, nfiles: int) -> None:
        """Let the directory be what this `.dir` object says, in the remote and in the pointer."""
        md5 = hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir"
        self.object(md5).parent.mkdir(parents=True, exist_ok=True)
        self.object(md5).write_bytes(data)
        weights = self.described["weights"]._replace(md5=md5, nfiles=nfiles, dir_object=data)
        self.commit({**self.described, "weights": weights})

    def assert_delivered(self, folder: Path) -> None:
        """Bytes are identical, and nothing else lies there."""
        subprocess.run(["diff", "-r", str(self.originals), str(folder)], check=True)
        assert sorted(os.listdir(folder)) == ["model.onnx", "weights"]


def flip(path: Path, position: int = 0) -> None:
    """Change one byte of an object, which DVC has write-protected."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)
