"""Put what a training script made into the registry of this repository: artifact, pointer, manifest, evaluation.

    python -m studbook.demo.recording register breast-cancer@1.1.0
    python -m studbook.demo.recording evaluate breast-cancer@1.1.0 october

The training code must be committed: the manifest names its commit. Nothing is typed: figures, hashes and versions of
packages come from the run itself.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studbook.convention.writing import dump

REGISTRY = Path("registry")
_ORDER = ("description", "artifacts", "params", "metrics", "lineage", "runtime", "signature", "license", "metadata")


def main(arguments: list[str]) -> None:
    match arguments:
        case ["register", reference]:
            register(reference)
        case ["evaluate", reference, run]:
            evaluate(reference, run)
        case _:
            sys.exit(__doc__)


def register(reference: str) -> None:
    """Train a version, track its artifacts with DVC, push them, and write its manifest."""
    from studbook.demo.training import train

    model, version = reference.split("@")
    folder = REGISTRY / model / "versions" / version
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch)
        record: dict[str, Any] = dict(train(reference, out))
        folder.mkdir(parents=True)
        for artifact in record["artifacts"]:
            shutil.move(out / artifact["path"], folder / artifact["path"])
            artifact |= describe(folder / artifact["path"])
    _dvc("add", *(str(folder / artifact["path"]) for artifact in record["artifacts"]))
    _dvc("push", *(str(folder / f"{artifact['path']}.dvc") for artifact in record["artifacts"]))
    (folder / "manifest.yaml").write_text(dump(_manifest(model, version, record)))


def _manifest(model: str, version: str, record: dict[str, Any]) -> dict[str, object]:
    head = {"convention": 1, "model": model, "version": version, "created": _now()}
    if "code" in record["lineage"]:
        record["lineage"]["code"] = {"repository": ".", "commit": _commit(), **record["lineage"]["code"]}
    return {**head, **{key: record[key] for key in _ORDER if record.get(key) is not None}}


def evaluate(reference: str, run: str) -> None:
    """Score a registered version's artifacts on the holdout data and write the evaluation."""
    from studbook.demo.training import evaluate as score

    model, version = reference.split("@")
    folder = REGISTRY / model / "versions" / version
    result = score(reference, folder, "holdout")
    file = folder / "evaluations" / "holdout" / f"{run}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    head = {"convention": 1, "model": model, "version": version, "created": _now()}
    file.write_text(dump({**head, "metrics": dict(result["metrics"]), "data": dict(result["data"])}))


def describe(artifact: Path) -> dict[str, object]:
    """Size in bytes and sha256 of a file, or of a directory's listing as `sha256sum` prints it."""
    if artifact.is_file():
        return {"size": artifact.stat().st_size, "sha256": _sha256(artifact)}
    files = sorted(
        (path for path in artifact.rglob("*") if path.is_file()), key=lambda p: str(p.relative_to(artifact)).encode()
    )
    listing = "".join(_listed(path, artifact) for path in files)
    return {"size": sum(path.stat().st_size for path in files), "sha256": hashlib.sha256(listing.encode()).hexdigest()}


def _listed(path: Path, folder: Path) -> str:
    return f"{_sha256(path)}  {path.relative_to(folder).as_posix()}\n"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _commit() -> str:
    """The last commit that changed the training code, which must have nothing uncommitted."""
    code = "src/studbook/demo/training"
    if _run("git", "status", "--porcelain", "--", code):
        sys.exit(f"{code} has uncommitted changes: commit them first, the manifest names the commit")
    return _run("git", "log", "-1", "--format=%H", "--", code)


def _dvc(*arguments: str) -> None:
    _run(sys.executable, "-m", "dvc", *arguments)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


if __name__ == "__main__":
    main(sys.argv[1:])
