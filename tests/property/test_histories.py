"""Random legal histories validate step by step; one random illegal mutation always yields an error."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from property.registrar import Files, Registrar
from support import samples
from support.lab import Content, Lab, errors

_SLOW = settings(deadline=None, max_examples=12, suppress_health_check=list(HealthCheck))
_SEEDS = st.integers(0, 2**32 - 1)


def _history(seed: int, folder: str, steps: int) -> Registrar:
    registrar = Registrar(Lab(Path(folder)), random.Random(seed))
    for _ in range(steps):
        title, files = registrar.draw()
        registrar.propose(files)
        registrar.merge(files, title)
    return registrar


@pytest.mark.slow
@_SLOW
@given(_SEEDS)
def test_a_legal_history_validates_step_by_step(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registrar = Registrar(Lab(Path(folder)), random.Random(seed))
        for _ in range(20):
            title, files = registrar.draw()
            registrar.propose(files)
            before = registrar.lab.validate(now=registrar.now)
            assert not errors(before), (seed, title, before.diagnostics)
            registrar.merge(files, title)
            after = registrar.lab.validate_step("main", now=registrar.now)
            assert not errors(after), (seed, title, after.diagnostics)
            assert set(after.changes) == set(before.changes)


Mutation = Callable[[Registrar, random.Random], tuple[Files, str] | None]
"""Files that make an illegal step, and a rule that must be among those reported."""


def _on_version(change: Callable[[str, str, str, Registrar], tuple[Files, str] | None]) -> Mutation:
    """Try the versions in random order until one can be wronged in this way."""

    def mutate(registrar: Registrar, rng: random.Random) -> tuple[Files, str] | None:
        choice = [(name, version) for name, model in registrar.models.items() for version in model.versions]
        rng.shuffle(choice)
        tries = (change(name, version, f"registry/{name}/versions/{version}", registrar) for name, version in choice)
        return next((found for found in tries if found is not None), None)

    return mutate


def _edited(text: Content, old: str, new: str) -> str:
    assert isinstance(text, str)
    assert old in text
    return text.replace(old, new)


def edit_manifest(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/manifest.yaml": samples.manifest(name, version, params={"depth": 7})}, "version-changed"


def break_manifest(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/manifest.yaml": "a: [\n"}, "yaml-syntax"


def remove_pointer(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/model.onnx.dvc": None}, "artifact-untracked"


def redirect_pointer(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/model.onnx.dvc": samples.pointer("../../../etc/passwd")}, "artifact-pointer"


def commit_artifact(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/model.onnx": "bytes"}, "artifact-in-git"


def link_card(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/README.md": ("120000", "/etc/passwd")}, "unsafe-file-type"


def execute_manifest(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/manifest.yaml": ("100755", samples.manifest(name, version))}, "unsafe-file-type"


def add_stray(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"{folder}/notes.txt": "hello"}, "unknown-file"


def remove_version(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    gone: Files = {path: None for path in r.files if path.startswith(f"{folder}/")}
    return gone, "version-removed"


def copy_version(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    target = f"registry/{name}/versions/9.9.9"
    return {
        f"{target}/manifest.yaml": samples.manifest(name, version),
        f"{target}/model.onnx.dvc": samples.pointer(),
    }, "identity-mismatch"


def archive_holder(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    if version not in r.models[name].holders():
        return None
    return {f"{folder}/archived.yaml": "reason: gone\n"}, "stage-archived"


def stage_archived(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    if version not in r.models[name].archived:
        return None
    return {f"registry/{name}/stages/staging.yaml": samples.stage(version)}, "stage-archived"


def edit_evaluation(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    if not r.models[name].evaluations.get(version):
        return None
    path = f"{folder}/evaluations/holdout/run-1.yaml"
    return {path: _edited(samples.evaluation(name, version), "0.9", "0.99")}, "evaluation-changed"


def straight_to_production(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    model = r.models[name]
    if version in model.archived or version in model.staging.stack or version in model.production.stack:
        return None
    return {f"registry/{name}/stages/production.yaml": samples.stage(version)}, "illegal-transition"


def come_back(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    stage = r.models[name].staging
    if version not in stage.rolled_back or version in stage.stack or version in r.models[name].archived:
        return None
    return {f"registry/{name}/stages/staging.yaml": samples.stage(version)}, "rolled-back"


def skip_on_rollback(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    model = r.models[name]
    state = model.production
    if version not in state.stack[:-2]:
        return None
    soaked = model.staging.soaked(version, r.now) >= 3600 and version in model.staging.stack
    if soaked and version not in state.rolled_back and model.evaluations.get(version):
        return None  # it passes as a promotion
    return {f"registry/{name}/stages/production.yaml": samples.stage(version)}, "rollback-forbidden"


def empty_stage(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str] | None:
    if len(r.models[name].staging.stack) < 2:
        return None
    return {f"registry/{name}/stages/staging.yaml": None}, "stage-emptied"


def dangle(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"registry/{name}/stages/staging.yaml": samples.stage("7.7.7")}, "stage-dangling"


def invent_stage(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {f"registry/{name}/stages/canary.yaml": samples.stage(version)}, "stage-unknown"


def remove_model(name: str, version: str, folder: str, r: Registrar) -> tuple[Files, str]:
    return {path: None for path in r.files if path.startswith(f"registry/{name}/")}, "model-removed"


MUTATIONS = [
    edit_manifest, break_manifest, remove_pointer, redirect_pointer, commit_artifact, link_card, execute_manifest, add_stray,
    remove_version, copy_version, archive_holder, stage_archived, edit_evaluation, straight_to_production, come_back,
    skip_on_rollback, empty_stage, dangle, invent_stage, remove_model,
]  # fmt: skip


@pytest.mark.slow
@settings(_SLOW, max_examples=6)
@given(_SEEDS)
def test_one_illegal_mutation_always_yields_an_error(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        registrar, rng = _history(seed, folder, 40), random.Random(seed)
        for mutation in MUTATIONS:
            if (illegal := _on_version(mutation)(registrar, rng)) is None:
                continue
            files, rule = illegal
            registrar.propose(files)
            report = registrar.lab.validate(now=registrar.now + 1)
            assert rule in errors(report), (seed, mutation.__name__, files, report.diagnostics)
