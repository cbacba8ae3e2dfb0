"""The whole story in one repository: register, stage, refuse, promote, roll back, refuse again.

The models are real: they were trained by `studbook.demo.training`, and come with the package.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from studbook.convention.writing import dump
from studbook.demo.stage import Teller, Theatre
from studbook.diagnostic import Fault

MODEL = "breast-cancer"
_POLICY = """\
convention: 1
approvers: ["@acme/ml-platform"]
stages:
  staging:
    from: [registered]
    rollback: any
  production:
    from: [staging]
    reason: required
    gates:
      - require: '"holdout" in candidate.evaluations'
        message: record the holdout evaluation first
      - require: >-
          incumbent == null ||
          candidate.evaluations.holdout.metrics.auc >= incumbent.evaluations.holdout.metrics.auc - 0.005
        message: AUC on the holdout may not drop by more than half a point
"""
_CARD = {
    "description": "Tells malignant from benign breast tumours by measurements of cell nuclei.",
    "owners": ["@acme/oncology"],
    "task": "tabular-classification",
}


def play(folder: Path, teller: Teller, *, colour: bool) -> Path:
    """Play the story in `folder`, which must be new or empty, and give the repository it leaves. Nothing is left of a
    story that breaks off."""
    existed = folder.is_dir()
    if folder.exists() and (not existed or any(folder.iterdir())):
        raise Fault(f"{folder} is not empty", "name a new folder: studbook demo DIR")
    try:
        theatre = Theatre(folder, teller, colour=colour)
        for act in (_begin, _first_version, _better_version, _worse_version, _rollback, _epilogue):
            act(theatre, teller)
    except BaseException:
        for path in (folder / "models", folder / "remote", *([] if existed else [folder])):
            shutil.rmtree(path, ignore_errors=True)
        raise
    return theatre.repository


def _begin(theatre: Theatre, teller: Teller) -> None:
    teller.scene("A registry is a Git repository")
    theatre.open()
    theatre.run("studbook", "--quiet", "init", "--no-workflow")
    theatre.run("dvc", "remote", "add", "--quiet", "--default", "storage", str(theatre.remote))
    theatre.write("registry/registry.yaml", _POLICY)
    theatre.write(f"registry/{MODEL}/model.yaml", dump(_CARD))
    theatre.quietly("git", "add", "--all")
    theatre.run("git", "commit", "--quiet", "-m", "Begin the registry")
    theatre.run("studbook", "validate", "--all")


def _first_version(theatre: Theatre, teller: Teller) -> None:
    teller.scene("Register the first version, and bring it into production")
    teller.say(
        "Two measurements of thirty, a logistic regression. DVC takes the bytes; Git gets a pointer and a manifest."
    )
    _register(theatre, "1.0.0", show=True)
    _evaluate(theatre, "1.0.0")
    _promote(theatre, "1.0.0", "staging")
    teller.say("A stage is one file with one pointer. A pull request changes it, the merge is the promotion.")
    _promote(theatre, "1.0.0", "production", "the first model, a baseline to beat")


def _better_version(theatre: Theatre, teller: Teller) -> None:
    teller.scene("A better version, and an illegal jump")
    _register(theatre, "1.1.0")
    _evaluate(theatre, "1.1.0")
    teller.say("Somebody is in a hurry: straight to production, without staging.")
    _promote(theatre, "1.1.0", "production", "it is so much better", refused=True)
    teller.scene("The legal way: staging first")
    _promote(theatre, "1.1.0", "staging")
    _promote(theatre, "1.1.0", "production", "thirty measurements: 3.8 points of AUC on the holdout")


def _worse_version(theatre: Theatre, teller: Teller) -> None:
    teller.scene("A version that a gate keeps out")
    teller.say(
        "Boosted trees, more parameters, overfitted. Staging takes it; production compares it on the same holdout data."
    )
    _register(theatre, "2.0.0")
    _evaluate(theatre, "2.0.0")
    _promote(theatre, "2.0.0", "staging")
    _promote(theatre, "2.0.0", "production", "trees are the future", refused=True)


def _rollback(theatre: Theatre, teller: Teller) -> None:
    teller.scene("Something is wrong with 1.1.0: git revert is the rollback")
    theatre.run("git", "switch", "--quiet", "--create", "rollback")
    promotion = theatre.quietly("git", "log", "-1", "--first-parent", "--format=%h", "--", _stage_file("production"))
    theatre.run("git", "revert", "--no-edit", "--mainline", "1", promotion)
    _review(theatre, "rollback")
    teller.say(
        "A rollback goes to a version that held the stage before. Gates and soak are not asked: it must never wait."
    )
    teller.scene("The version that was rolled back tries to come back")
    _promote(theatre, "1.1.0", "production", "let us try again", refused=True)
    teller.say("It would have to say why: a line `retry:` in the stage's file.")


def _epilogue(theatre: Theatre, teller: Teller) -> None:
    teller.scene("What is left")
    theatre.run("git", "log", "--oneline", "--first-parent", "--", _stage_file("production"))
    theatre.run("studbook", "validate", "--all")


def _stage_file(stage: str) -> str:
    return f"registry/{MODEL}/stages/{stage}.yaml"


def _register(theatre: Theatre, version: str, *, show: bool = False) -> None:
    """What `studbook register` writes: the artifact's pointer and the manifest, on a branch."""
    asset = files("studbook.demo").joinpath("assets", version)
    folder = f"registry/{MODEL}/versions/{version}"
    theatre.run("git", "switch", "--quiet", "--create", f"register/{version}")
    data = asset.joinpath("model.onnx").read_bytes()
    theatre.copy(data, f"{folder}/model.onnx")
    theatre.run("dvc", "add", "--quiet", f"{folder}/model.onnx")
    theatre.run("dvc", "push", "--quiet", f"{folder}/model.onnx.dvc")
    theatre.write(
        f"{folder}/manifest.yaml", dump(_manifest(version, data, asset.joinpath("record.json").read_text())), show=show
    )
    _propose(theatre, f"Register {MODEL} {version}")
    _review(theatre, f"register/{version}")


def _manifest(version: str, data: bytes, recorded: str) -> dict[str, object]:
    record: dict[str, Any] = json.loads(recorded)
    code = record["lineage"].pop("code")
    origin = {"uri": f"pkg:pypi/studbook#{code['path'].removeprefix('src/')}", "note": code["command"]}
    artifact = {"path": "model.onnx", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "format": "onnx"}
    head = {
        "convention": 1,
        "model": MODEL,
        "version": version,
        "created": _now(),
        "description": record["description"],
    }
    rest: dict[str, object] = {
        key: record[key] for key in ("params", "metrics", "runtime", "signature", "license") if key in record
    }
    return {**head, "artifacts": [artifact], **rest, "lineage": {"origin": origin, **record["lineage"]}}


def _evaluate(theatre: Theatre, version: str) -> None:
    measured = json.loads(files("studbook.demo").joinpath("assets", version, "holdout.json").read_text())
    theatre.run("git", "switch", "--quiet", "--create", f"evaluate/{version}")
    head = {"convention": 1, "model": MODEL, "version": version, "created": _now()}
    theatre.write(f"registry/{MODEL}/versions/{version}/evaluations/holdout/first.yaml", dump({**head, **measured}))
    _propose(theatre, f"Evaluate {MODEL} {version} on the holdout")
    _review(theatre, f"evaluate/{version}")


def _promote(theatre: Theatre, version: str, stage: str, reason: str = "", *, refused: bool = False) -> None:
    branch = f"promote/{version}-{stage}"
    theatre.quietly("git", "branch", "--quiet", "--force", branch, "main")
    theatre.run("git", "switch", "--quiet", branch)
    theatre.write(_stage_file(stage), dump({"version": version, **({"reason": reason} if reason else {})}))
    _propose(theatre, f"Promote {MODEL} {version} to {stage}")
    _review(theatre, branch, refused=refused)


def _propose(theatre: Theatre, message: str) -> None:
    theatre.quietly("git", "add", "--all", "registry")
    theatre.run("git", "commit", "--quiet", "-m", message)


def _review(theatre: Theatre, branch: str, *, refused: bool = False) -> None:
    """The check that a pull request gets; merged only where it passes."""
    theatre.run("studbook", "validate", "--base", "main", refused=refused)
    theatre.run("git", "switch", "--quiet", "main")
    if not refused:
        theatre.run("git", "merge", "--quiet", "--no-ff", "--no-edit", branch)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
