"""The Python API: studbook.open, Registry, Model, ModelVersion."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import studbook
from studbook.diagnostic import Fault
from studbook.registry import Unknown
from studbook.when import interval
from support import samples
from support.lab import START, Lab

DAY = 86400
PRODUCTION = "registry/churn/stages/production.yaml"


def test_a_registry_is_read_at_head_and_not_from_the_working_tree(lab: Lab) -> None:
    lab.git("checkout", "-q", "main")
    (lab.path / PRODUCTION).write_text("version: 1.2.0\n")
    with studbook.open(lab.path) as registry:
        assert registry.commit == lab.git("rev-parse", "HEAD")
        assert registry.resolve("churn@production").version == "1.0.0"


def test_a_registry_can_be_opened_from_a_folder_inside_the_repository_and_from_a_bare_one(
    lab: Lab, tmp_path: Path
) -> None:
    lab.git("checkout", "-q", "main")
    lab.git("clone", "-q", "--bare", str(lab.path), str(tmp_path / "bare.git"))
    for place in (lab.path / "registry/churn", tmp_path / "bare.git"):
        with studbook.open(place) as registry:
            assert list(registry) == ["churn"]


def test_a_registry_can_be_opened_at_a_url_without_fetching_what_is_not_read(lab: Lab) -> None:
    lab.git("config", "uploadpack.allowFilter", "true")
    lab.git("config", "uploadpack.allowAnySHA1InWant", "true")
    with studbook.open(f"file://{lab.path}") as registry:
        folder = registry.repo.git_dir
        version = registry.resolve("churn@latest")
        assert version.manifest.metrics == {"auc": 0.9}
        assert [turn.new for turn in registry["churn"].log("production")] == ["1.0.0"]
    assert not folder.exists()
    with pytest.raises(Fault):
        studbook.open(f"file://{lab.path}/nowhere")


def test_models_stages_and_versions_are_typed_immutable_and_comparable(lab: Lab) -> None:
    with studbook.open(lab.path) as registry:
        churn = registry["churn"]
        assert [version.version for version in churn.versions()] == ["1.0.0", "1.1.0", "1.2.0"]
        view = churn.stage("production")
        assert (view.stage, view.reason) == ("production", "the first model")
        assert view.version == registry.resolve("churn@1.0.0")
        assert view.version is not None
        assert view.version.stages == ("production",)
        assert str(view.version) == view.version.reference == "churn@1.0.0"
        assert view.version.folder == "registry/churn/versions/1.0.0"
        assert view.version.pointer("model.onnx").out.size == 4
        assert [(suite, run) for suite, run, _ in view.version.evaluations()] == [("holdout", "first")]
        assert "churn" in registry
        assert "chrun" not in registry
        assert [model.name for model in registry.models()] == ["churn"]
        with pytest.raises(AttributeError):
            view.version.version = "9.9.9"  # type: ignore[misc]
        with pytest.raises(AttributeError):
            churn.name = "other"  # type: ignore[misc]


def test_latest_is_the_highest_release_that_is_not_archived(lab: Lab) -> None:
    lab.commit({**samples.version_files("churn", "1.10.0"), **samples.version_files("churn", "2.0.0-rc.1")})
    with studbook.open(lab.path) as registry:
        assert registry.resolve("churn@latest").version == "1.10.0"
    lab.commit({"registry/churn/versions/1.10.0/archived.yaml": "reason: leaked\n"})
    with studbook.open(lab.path) as registry:
        assert registry.resolve("churn@latest").version == "1.2.0"
        archived = registry.resolve("churn@1.10.0")
        assert archived.is_archived
        assert archived.archived is not None
        assert archived.archived.reason == "leaked"


@pytest.mark.parametrize(
    "reference",
    ["churn", "churn@", "@1.0.0", "churn@9.9.9", "churn@nope", "nope@latest", "churn@production@x", "a b@c"],
)
def test_what_does_not_exist_is_a_lookup_error_with_a_hint(lab: Lab, reference: str) -> None:
    with studbook.open(lab.path) as registry, pytest.raises(Unknown) as caught:
        registry.resolve(reference)
    assert isinstance(caught.value, LookupError)
    assert isinstance(caught.value, Fault)
    assert caught.value.hint


def test_an_empty_stage_is_a_view_without_a_version(lab: Lab) -> None:
    with studbook.open(lab.path, at="main~4") as registry:
        assert registry["churn"].stage("production").version is None


def test_a_registry_can_be_opened_at_a_revision_a_moment_or_a_day(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY + 3600)
    for at, version in [
        ("main~1", "1.0.0"),
        ("2026-01-10", "1.0.0"),
        ("2026-01-11", "1.1.0"),
        ("2026-01-11T00:59:59Z", "1.0.0"),
        ("2026-01-11 01:00", "1.1.0"),
        ("2026-01-11T02:00+02:00", "1.0.0"),
        ("2026-01-10-01:00", "1.0.0"),
        ("2026-01-10-02:00", "1.1.0"),
    ]:
        with studbook.open(lab.path, at=at) as registry:
            assert registry.resolve("churn@production").version == version, at


def test_a_commit_dated_before_its_parent_counts_from_its_parent(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY)
    lab.commit({PRODUCTION: samples.stage("1.2.0")}, at=START)
    with studbook.open(lab.path, at="2026-01-10") as registry:
        assert registry.resolve("churn@production").version == "1.0.0"
    with studbook.open(lab.path, at="2026-01-11") as registry:
        assert registry.resolve("churn@production").version == "1.2.0"


def test_a_date_is_a_whole_day_of_its_zone_and_utc_without_one() -> None:
    assert interval("2026-01-01") == (START, START + DAY - 1)
    assert interval("2026-01-01+01:00") == (START - 3600, START + DAY - 3601)
    assert interval("2026-01-01T00:00:00Z") == (START, START)
    for wrong in ("2026-13-01", "2026-01-01T25:00", "0001-01-01+23:00", "yesterday"):
        with pytest.raises(Fault):
            interval(wrong)


def test_a_folder_without_a_registry_is_a_fault_that_names_init(lab: Lab) -> None:
    with pytest.raises(Fault) as caught:
        studbook.open(lab.path, registry="elsewhere")
    assert "studbook init" in caught.value.hint


def test_importing_studbook_does_not_import_what_reading_needs() -> None:
    code = "import sys, studbook; sys.exit('pydantic' in sys.modules or 'yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
