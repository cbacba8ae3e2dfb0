"""DVC's cache and a remote as `register` uses them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from studbook import storage, trust
from studbook.diagnostic import Fault
from studbook.git import Repository
from studbook.storage import Cache, Remote
from support.remotes import Stocked, flip


@pytest.fixture
def stocked(tmp_path: Path) -> Stocked:
    return Stocked(tmp_path)


def _remote(stocked: Stocked) -> Remote:
    with Repository(stocked.lab.path) as repo:
        return trust.remote(repo, repo.resolve("main"))


def test_objects_in_the_cache_are_write_protected_and_nothing_temporary_stays(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    (tmp_path / "weights/a").write_text("a")
    described = storage.put_in_cache(Cache(tmp_path / "cache"), tmp_path / "weights")
    objects = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert {path.parent.name + path.name for path in objects} == {described.md5, described.files[0].md5}
    assert {stat.S_IMODE(path.stat().st_mode) for path in objects} == {0o444}


def test_what_cannot_be_read_leaves_nothing_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "weights").mkdir()
    os.mkfifo(tmp_path / "weights/pipe")
    with pytest.raises(Fault):
        storage.put_in_cache(Cache(tmp_path / "cache"), tmp_path / "weights")
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_push_sends_what_is_missing_and_replaces_what_is_cut_short(stocked: Stocked) -> None:
    remote, cache = _remote(stocked), Cache(stocked.lab.path / ".dvc/cache")
    described = storage.put_in_cache(cache, stocked.originals / "weights")
    told: list[int] = []
    assert storage.push(remote, cache, described, told.append) == 0
    assert sum(told) == described.size
    largest = stocked.object(max(described.files, key=lambda file: file.size).md5)
    largest.chmod(0o644)
    largest.write_bytes(b"cut")
    stocked.object(described.md5).unlink()
    assert storage.push(remote, cache, described) == 2
    assert largest.read_bytes() == cache.path(largest.parent.name + largest.name).read_bytes()


def test_a_listing_is_never_in_the_remote_before_the_files_that_it_names(stocked: Stocked) -> None:
    remote, cache = _remote(stocked), Cache(stocked.lab.path / ".dvc/cache")
    described = storage.put_in_cache(cache, stocked.originals / "weights")
    stocked.object(described.md5).unlink()
    stocked.object(described.files[0].md5).unlink()
    cache.path(described.files[0].md5).unlink()
    with pytest.raises((Fault, FileNotFoundError)):
        storage.push(remote, cache, described)
    assert not stocked.object(described.md5).exists()


def test_sizes_are_told_without_fetching(stocked: Stocked) -> None:
    remote, model = _remote(stocked), stocked.described["model.onnx"]
    assert remote.size(model.md5) == model.size
    assert remote.size("0" * 32) is None
    flip(stocked.object(model.md5))
    assert remote.size(model.md5) == model.size


def test_credentials_in_a_url_are_not_shown(tmp_path: Path) -> None:
    config = storage.load(
        storage.Trusted("[core]\nremote = r\n['remote \"r\"']\nurl = https://joe:s3cret@127.0.0.1:9/x\n", "here", tmp_path)
    )
    remote = storage.open_remote(config)
    assert "s3cret" not in str(remote)
    with pytest.raises(storage.Unreachable) as caught:
        remote.size("0" * 32)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no default remote"),
        ("[core]\nremote = r\n", "there is no remote `r`"),
        ("[core", "cannot be used"),
        ("[core]\nremote = r\n['remote \"r\"']\nurl = s3://x\nworktree = true\n", "cloud-versioned"),
        ("[core]\nremote = r\n['remote \"r\"']\nurl = gs://x\n", "requires 'dvc-gs'"),
    ],
)
def test_a_configuration_that_cannot_be_used_says_why(text: str, said: str, tmp_path: Path) -> None:
    if "s3://" in text:
        pytest.importorskip("dvc_s3")
    with pytest.raises(Fault) as caught:
        storage.open_remote(storage.load(storage.Trusted(text, "here", tmp_path))).size("0" * 32)
    assert said in f"{caught.value} {caught.value.hint}"
