"""Artifacts in real remotes other than a folder: S3 (SeaweedFS) and SSH (OpenSSH), also when they go away meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

import studbook as api
from studbook.storage import Unreachable
from support.command import studbook
from support.remotes import Stocked
from support.servers import SECRET, Sshd, Weed, free_port, need

pytestmark = pytest.mark.slow
LARGE = 150_000_000
"""Bytes: more than any transport reads ahead."""


@pytest.fixture(scope="module")
def weed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weed]:
    need("dvc_s3", "weed")
    server = Weed(tmp_path_factory.mktemp("weed"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    need("dvc_ssh", "sshd")
    server = Sshd(tmp_path_factory.mktemp("ssh") / "server")
    try:
        server.server.start()
        yield server
    finally:
        server.server.kill()


@pytest.fixture(params=["s3", "ssh"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def config(kind: str, request: pytest.FixtureRequest) -> str:
    """DVC's configuration of a remote that is up."""
    return str(request.getfixturevalue({"s3": "weed", "ssh": "sshd"}[kind]).config())


def _clone(stocked: Stocked, folder: Path) -> Path:
    stocked.lab.git("clone", "-q", str(stocked.lab.path), str(folder))
    return folder


def test_stored_cloned_elsewhere_and_pulled_by_stage_the_bytes_are_identical(config: str, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, config)
    done = studbook("pull", "churn@production", "-o", "out", cwd=_clone(stocked, tmp_path / "clone"))
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(tmp_path / "clone/out")
    done = studbook("pull", "churn@1.0.0", "--repo", f"file://{stocked.lab.path}", "-o", "there", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(tmp_path / "there")


def test_validate_verifies_what_is_there_and_names_what_is_not(config: str, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, config)
    base = ["--base", "main~1", "--head", "main", "--artifacts", "verify"]
    done = studbook("validate", *base, cwd=stocked.lab.path)
    assert done.returncode == 0, done.stdout + done.stderr
    model = stocked.described["model.onnx"]
    stocked.commit({**stocked.described, "model.onnx": model._replace(md5="0" * 32)})
    done = studbook("validate", "--base", "main~2", "--head", "main", "--artifacts", "remote", cwd=stocked.lab.path)
    assert done.returncode == 1, done.stderr
    assert "artifact-not-in-remote" in done.stdout


def _pull_while(stocked: Stocked, out: Path, happens: Callable[[], None]) -> list[Path]:
    """Pull, and let something happen when a fifth has arrived."""
    arrived, pending = 0, [happens]

    def progress(count: int) -> None:
        nonlocal arrived
        arrived += count
        if arrived > LARGE // 5 and pending:
            pending.pop()()

    with api.open(stocked.lab.path) as registry:
        found = registry.resolve("churn@production").pull(out, progress=progress)
    assert not pending
    return found


def _later(start: Callable[[], None]) -> None:
    """In three seconds."""
    Thread(target=lambda: (time.sleep(3), start()), daemon=True).start()  # type: ignore[func-returns-value]


def _assert_nothing(out: Path) -> None:
    assert all(name.startswith(".studbook-") for name in os.listdir(out))


def test_volume_servers_that_die_during_pull_and_return(weed: Weed, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, weed.config(), size=LARGE)

    def lose() -> None:
        weed.lose_volumes()
        _later(weed.return_volumes)

    _pull_while(stocked, tmp_path / "out", lose)
    stocked.assert_delivered(tmp_path / "out")


def test_volume_servers_that_die_during_pull_and_stay_away(weed: Weed, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, weed.config(), size=LARGE)
    with pytest.raises(Unreachable, match="cannot be used"):
        _pull_while(stocked, tmp_path / "out", weed.lose_volumes)
    _assert_nothing(tmp_path / "out")
    weed.return_volumes()
    _pull_while(stocked, tmp_path / "out", lambda: None)
    stocked.assert_delivered(tmp_path / "out")


def test_sshd_that_dies_during_pull_and_returns(sshd: Sshd, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, sshd.config(), size=LARGE)

    def lose() -> None:
        sshd.server.kill()
        _later(sshd.server.start)

    _pull_while(stocked, tmp_path / "out", lose)
    stocked.assert_delivered(tmp_path / "out")


def test_sshd_that_dies_during_pull_and_stays_away(sshd: Sshd, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, sshd.config(), size=LARGE)
    with pytest.raises(Unreachable, match="cannot be used"):
        _pull_while(stocked, tmp_path / "out", sshd.server.kill)
    _assert_nothing(tmp_path / "out")
    sshd.server.start()
    _pull_while(stocked, tmp_path / "out", lambda: None)
    stocked.assert_delivered(tmp_path / "out")


def test_what_can_not_be_reached_or_refuses_is_a_fault(weed: Weed, sshd: Sshd, tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, weed.config())
    refused = {
        "wrong secret": weed.config(secret=SECRET[::-1]),
        "no such bucket": weed.config().replace("s3://models", "s3://nothing"),
        "wrong key": sshd.config(key="host"),
        "nobody there": sshd.config().replace(f":{sshd.server.port}/", f":{free_port()}/"),
        "no port": sshd.config().replace(f":{sshd.server.port}/", ":123456/"),
    }
    for what, config in refused.items():
        stocked.lab.commit({".dvc/config": config})
        done = studbook("pull", "churn@production", "-o", "out", cwd=stocked.lab.path)
        assert done.returncode == 2, (what, done.stderr)
        assert "the remote `storage`" in done.stderr, what
        assert "Traceback" not in done.stderr, what
        assert SECRET not in done.stderr
        _assert_nothing(stocked.lab.path / "out")
