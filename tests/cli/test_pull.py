"""`studbook pull`: what arrives is what was registered, or nothing does; whatever happens on the way."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import studbook as api
from studbook import listing
from studbook.artifact import BadArtifact
from support.command import studbook
from support.remotes import VERSION, Stocked, flip


@pytest.fixture
def stocked(tmp_path: Path) -> Stocked:
    return Stocked(tmp_path)


def pull(stocked: Stocked, *arguments: str, reference: str = "churn@production") -> subprocess.CompletedProcess[str]:
    return studbook("pull", reference, "-o", "out", *arguments, cwd=stocked.lab.path)


def out(stocked: Stocked) -> Path:
    return stocked.lab.path / "out"


def assert_nothing(stocked: Stocked) -> None:
    """Nothing lies under a final name."""
    assert not [name for name in os.listdir(out(stocked)) if not name.startswith(".studbook-")]


def staging(stocked: Stocked, name: str) -> Path:
    return out(stocked) / f".studbook-{name}-{stocked.described[name].sha256[:12]}.part"


# what it gives


@pytest.mark.parametrize("reference", ["churn@production", "churn@1.0.0", "churn@latest"])
def test_pull_by_stage_version_or_latest_gives_the_same_bytes(stocked: Stocked, reference: str) -> None:
    done = pull(stocked, reference=reference)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["out/model.onnx", "out/weights"]
    assert done.stderr == ""
    stocked.assert_delivered(out(stocked))


def test_what_is_there_and_right_is_left_alone(stocked: Stocked) -> None:
    assert pull(stocked).returncode == 0
    before = {path: path.stat().st_ino for path in out(stocked).rglob("*")}
    shutil.rmtree(stocked.store)
    assert pull(stocked).returncode == 0
    assert {path: path.stat().st_ino for path in out(stocked).rglob("*")} == before


def test_json_names_the_files(stocked: Stocked) -> None:
    value = json.loads(pull(stocked, "--json").stdout)
    assert list(value) == ["schema", "commit", "model", "version", "ok", "artifacts", "diagnostics"]
    described = stocked.described["model.onnx"]
    assert value["artifacts"][0] == {
        "path": "model.onnx", "file": "out/model.onnx", "size": described.size, "sha256": described.sha256,
    }  # fmt: skip


def test_no_clone_is_needed(stocked: Stocked, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = studbook("pull", "churn@production", "--repo", f"file://{stocked.lab.path}", cwd=elsewhere)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(elsewhere)


def test_a_relative_remote_is_found_where_the_repository_lies(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    stocked = Stocked(tmp_path, "[core]\nremote = here\n['remote \"here\"']\nurl = ../../store\n")
    assert pull(stocked).returncode == 0
    elsewhere = tmp_path / "elsewhere"
    done = studbook("-C", "/", "pull", "churn@1.0.0", "--repo", f"file://{stocked.lab.path}", "-o", str(elsewhere), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(elsewhere)


def test_python_gives_the_paths_and_tells_how_far_it_is(stocked: Stocked) -> None:
    told: list[int] = []
    with api.open(stocked.lab.path) as registry:
        found = registry.resolve("churn@production").pull(out(stocked), progress=told.append)
    assert found == [out(stocked) / "model.onnx", out(stocked) / "weights"]
    assert sum(told) == sum(described.size for described in stocked.described.values())


def test_dvc_pull_restores_the_same_bytes_from_what_studbook_stored(stocked: Stocked) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    command = [sys.executable, "-m", "dvc", "pull", "-q"]
    subprocess.run(command, cwd=stocked.lab.path, env=environment, check=True, capture_output=True)
    for name in ("model.onnx", "weights"):
        subprocess.run(["diff", "-r", stocked.originals / name, stocked.lab.path / VERSION / name], check=True)


# where it comes from


def test_the_cache_is_used_without_a_remote_and_verified_all_the_same(stocked: Stocked) -> None:
    shutil.copytree(stocked.store, stocked.lab.path / ".dvc/cache")
    model = stocked.described["model.onnx"].md5
    flip(stocked.lab.path / ".dvc/cache/files/md5" / model[:2] / model[2:])
    for path in stocked.store.rglob("*"):
        if path.is_file() and path != stocked.object(model):
            path.unlink()
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))


def test_the_remote_is_the_commits_not_the_working_trees(stocked: Stocked, tmp_path: Path) -> None:
    (stocked.lab.path / ".dvc/config").write_text(f"[core]\nremote = evil\n['remote \"evil\"']\nurl = {tmp_path}/evil\n")
    assert pull(stocked).returncode == 0


@pytest.mark.parametrize("committed", [False, True])
def test_config_local_counts_where_it_is_the_users_own(stocked: Stocked, tmp_path: Path, committed: bool) -> None:
    stocked.store.rename(tmp_path / "moved")
    (stocked.lab.path / ".dvc/config.local").write_text(f"['remote \"storage\"']\nurl = {tmp_path}/moved\n")
    if committed:
        stocked.lab.git("add", "-f", ".dvc/config.local")
    assert pull(stocked).returncode == (2 if committed else 0)


# a remote that is wrong


def test_a_flipped_byte_is_a_finding_and_nothing_appears(stocked: Stocked) -> None:
    flip(stocked.object(stocked.described["model.onnx"].md5), 500_000)
    done = pull(stocked)
    assert done.returncode == 1
    assert "artifact-corrupt: churn@1.0.0: `model.onnx` is damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert_nothing(stocked)
    flip(stocked.object(stocked.described["model.onnx"].md5), 500_000)
    assert pull(stocked).returncode == 0
    stocked.assert_delivered(out(stocked))


def test_a_flipped_byte_inside_a_directory_names_the_file(stocked: Stocked) -> None:
    (accents,) = [file for file in stocked.described["weights"].files if file.path.endswith("é.txt")]
    flip(stocked.object(accents.md5))
    done = pull(stocked, "--json")
    assert done.returncode == 1
    (diagnostic,) = json.loads(done.stdout)["diagnostics"]
    assert diagnostic["rule"] == "artifact-corrupt"
    assert "`weights/deep/er/é.txt` is damaged" in diagnostic["message"]
    assert_nothing(stocked)


def test_a_flipped_byte_in_a_listing(stocked: Stocked) -> None:
    flip(stocked.object(stocked.described["weights"].md5), 20)
    done = pull(stocked)
    assert (done.returncode, "another listing" in done.stderr) == (1, True)
    assert_nothing(stocked)


@pytest.mark.parametrize("change", [b"", b"longer"])
def test_an_object_that_is_too_short_or_too_long(stocked: Stocked, change: bytes) -> None:
    path = stocked.object(stocked.described["model.onnx"].md5)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes() + change if change else path.read_bytes()[:-1])
    done = pull(stocked)
    assert (done.returncode, "artifact-corrupt" in done.stderr) == (1, True)
    assert_nothing(stocked)


def test_a_missing_object_is_a_finding(stocked: Stocked) -> None:
    stocked.object(stocked.described["weights"].files[0].md5).unlink()
    done = pull(stocked)
    assert (done.returncode, "artifact-not-in-remote" in done.stderr) == (1, True)
    assert_nothing(stocked)


def test_a_remote_that_is_not_there_is_a_fault_of_the_environment(stocked: Stocked, tmp_path: Path) -> None:
    stocked.store.rename(tmp_path / "unmounted")
    done = pull(stocked)
    assert done.returncode == 2
    assert "does not exist" in done.stderr
    assert "mount it" in done.stderr


def test_without_a_remote_it_says_how_to_set_one_up(stocked: Stocked) -> None:
    stocked.lab.commit({".dvc/config": None})
    done = pull(stocked)
    assert (done.returncode, "names no default remote" in done.stderr) == (2, True)


def test_manifest_and_pointer_of_different_bytes(stocked: Stocked) -> None:
    model = stocked.described["model.onnx"]
    stocked.commit({**stocked.described, "model.onnx": model._replace(sha256="0" * 64)})
    done = pull(stocked)
    assert done.returncode == 1
    assert "is what its pointer says, but not what the manifest says" in done.stderr
    assert_nothing(stocked)


def test_purged_bytes_are_said_to_be_purged(stocked: Stocked) -> None:
    stocked.lab.commit({f"{VERSION}/archived.yaml": "reason: leaked labels\nbytes: purged\n"})
    stocked.object(stocked.described["model.onnx"].md5).unlink()
    done = pull(stocked)
    assert (done.returncode, "its bytes were purged" in done.stderr) == (1, True)


# hostile registries


@pytest.mark.parametrize(
    "path",
    ["../../escaped", "/tmp/escaped", "..\\escaped", "a\nb", "a\rb", ".git/hooks/pre-push", "sub/../../escaped", ".GIT/config"],
    ids=ascii,
)
def test_a_listing_that_leads_elsewhere_is_refused(stocked: Stocked, path: str) -> None:
    entries = [listing.Entry(file.md5, file.path) for file in stocked.described["weights"].files]
    entries[0] = entries[0]._replace(path=path)
    stocked.replace_listing(listing.dump(entries), len(entries))
    before = sorted(os.listdir(stocked.lab.path.parent))
    done = pull(stocked)
    assert (done.returncode, "artifact-corrupt" in done.stderr) == (1, True)
    assert_nothing(stocked)
    assert sorted(os.listdir(stocked.lab.path.parent)) == before


def test_a_listing_that_names_a_file_twice_is_refused(stocked: Stocked) -> None:
    file = stocked.described["weights"].files[0]
    stocked.replace_listing(listing.dump([listing.Entry(file.md5, file.path)] * 2), 2)
    done = pull(stocked)
    assert (done.returncode, "twice" in done.stderr) == (1, True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"md5: \w+", "md5: ../../../../etc/passwd"),
        (r"path: model.onnx", "path: ../../escaped"),
        (r"path: model.onnx", "path: model.onnx\nwdir: .."),
        (r"path: model.onnx", "path: model.onnx\n  remote: evil"),
    ],
)
def test_a_hostile_pointer_is_refused(stocked: Stocked, old: str, new: str) -> None:
    text = (stocked.lab.path / VERSION / "model.onnx.dvc").read_text()
    stocked.lab.commit({f"{VERSION}/model.onnx.dvc": re.sub(old, new, text)})
    done = pull(stocked)
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    assert not (stocked.lab.path / "out").exists() or not os.listdir(stocked.lab.path / "out")


# hostile folders


def test_a_symlink_at_the_destination_is_refused(stocked: Stocked, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    out(stocked).mkdir()
    for name in ("model.onnx", "weights"):
        (out(stocked) / name).symlink_to(victim)
        done = pull(stocked, "--force")
        assert (done.returncode, "is a symlink" in done.stderr) == (2, True)
        (out(stocked) / name).unlink()
    out(stocked).rmdir()
    out(stocked).symlink_to(tmp_path)
    assert pull(stocked).returncode == 2
    assert victim.read_text() == "precious"


def _planted(stocked: Stocked, victim: Path) -> Iterator[Callable[[], None]]:
    folder, weights = staging(stocked, "model.onnx"), staging(stocked, "weights")
    yield lambda: folder.symlink_to(victim, target_is_directory=True)
    yield lambda: (folder.mkdir(), (folder / "part-0").symlink_to(victim / "file"))  # type: ignore[func-returns-value]
    yield lambda: (folder.mkdir(), os.link(victim / "file", folder / "part-0"))  # type: ignore[func-returns-value]
    yield lambda: (folder.mkdir(), (folder / "lock").symlink_to(victim / "new"))  # type: ignore[func-returns-value]
    yield lambda: (weights.mkdir(), (weights / "files").symlink_to(victim))  # type: ignore[func-returns-value]


@pytest.mark.parametrize("number", range(5))
def test_a_planted_staging_folder_leads_nowhere(stocked: Stocked, tmp_path: Path, number: int) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "file").write_text("precious")
    out(stocked).mkdir()
    list(_planted(stocked, victim))[number]()
    done = pull(stocked)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert os.listdir(victim) == ["file"]
    assert (victim / "file").read_text() == "precious"


def test_what_was_planted_among_staged_files_is_swept_out(stocked: Stocked, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "kept").touch()
    files = staging(stocked, "weights") / "files"
    (files / "strange").mkdir(parents=True)
    (files / "strange" / "file").touch()
    (files / "deep").symlink_to(victim)
    (files / "part-0").mkdir()
    (files / "part-1").symlink_to(victim / "kept")
    (files / "part-2").write_text("other bytes")
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))
    assert os.listdir(victim) == ["kept"]
    assert (victim / "kept").read_bytes() == b""


def test_something_else_at_the_destination_is_not_overwritten_without_force(stocked: Stocked) -> None:
    (out(stocked) / "weights").mkdir(parents=True)
    (out(stocked) / "weights" / "mine").write_text("mine")
    done = pull(stocked)
    assert (done.returncode, "--force" in done.stderr) == (2, True)
    assert os.listdir(out(stocked)) == ["weights"]
    assert pull(stocked, "--force").returncode == 0
    stocked.assert_delivered(out(stocked))


def test_two_pulls_at_once_do_not_mix(stocked: Stocked) -> None:
    fcntl = pytest.importorskip("fcntl")
    folder = staging(stocked, "model.onnx")
    folder.mkdir(parents=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = pull(stocked)
    assert (done.returncode, "another studbook pull" in done.stderr) == (2, True)
    assert pull(stocked).returncode == 0


# interruptions


def test_a_file_goes_on_where_it_stopped(stocked: Stocked) -> None:
    """The remote's first half is destroyed: it can only succeed if it is not read again."""
    path, model = stocked.object(stocked.described["model.onnx"].md5), stocked.originals / "model.onnx"
    folder = staging(stocked, "model.onnx")
    folder.mkdir(parents=True)
    (folder / "part-0").write_bytes(model.read_bytes()[:600_000])
    flip(path, 599_999)
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))


@pytest.mark.parametrize("left", [b"other bytes", b"x" * 1_000_000, b"x" * 1_000_001])
def test_what_an_earlier_pull_left_is_not_believed(stocked: Stocked, left: bytes) -> None:
    folder = staging(stocked, "model.onnx")
    folder.mkdir(parents=True)
    (folder / "part-0").write_bytes(left)
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))


def test_a_directory_keeps_the_files_that_are_complete(stocked: Stocked, tmp_path: Path) -> None:
    last = stocked.object(stocked.described["weights"].files[-1].md5)
    last.rename(tmp_path / "last")
    assert pull(stocked).returncode == 1
    for file in stocked.described["weights"].files[:-1]:
        stocked.object(file.md5).unlink(missing_ok=True)
    (tmp_path / "last").rename(last)
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))


def test_what_an_unfinished_pull_of_another_version_left_is_removed(stocked: Stocked) -> None:
    old = out(stocked) / f".studbook-weights-{'0' * 12}.part"
    other = out(stocked) / f".studbook-weights-x-{'0' * 12}.part"
    for folder in (old, other):
        folder.mkdir(parents=True)
        (folder / "part-0").write_bytes(b"half")
    assert pull(stocked).returncode == 0
    assert sorted(os.listdir(out(stocked))) == [other.name, "model.onnx", "weights"]


@pytest.mark.slow
def test_killed_at_random_points_it_leaves_nothing_half_written_and_goes_on(tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, size=60_000_000, nfiles=400)
    command = [sys.executable, "-m", "studbook", "pull", "churn@production", "-o", "out"]
    chance, kills = random.Random(7), 0
    for _ in range(25):
        process = subprocess.Popen(command, cwd=stocked.lab.path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        time.sleep(chance.uniform(0.1, 0.6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += process.returncode == -signal.SIGKILL
        _assert_whole(stocked)
        if chance.random() < 0.3:
            shutil.rmtree(out(stocked), ignore_errors=True)
    assert kills >= 5
    done = pull(stocked)
    assert done.returncode == 0, done.stderr
    stocked.assert_delivered(out(stocked))


def _assert_whole(stocked: Stocked) -> None:
    """Whatever lies under a final name is complete."""
    for name in ("model.onnx", "weights"):
        if (out(stocked) / name).exists():
            subprocess.run(["diff", "-r", stocked.originals / name, out(stocked) / name], check=True)


@pytest.mark.slow
def test_a_full_disk_is_a_clear_fault_and_the_room_is_given_back(tmp_path: Path) -> None:
    stocked = Stocked(tmp_path, size=8_000_000)
    out(stocked).mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "none", out(stocked)], capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    try:
        done = pull(stocked)
        assert (done.returncode, "No space left" in done.stderr) == (2, True), done.stderr
        assert_nothing(stocked)
        assert shutil.disk_usage(out(stocked)).free > 5_000_000
        subprocess.run(["mount", "-o", "remount,size=40m", out(stocked)], check=True)
        assert pull(stocked).returncode == 0
        stocked.assert_delivered(out(stocked))
    finally:
        subprocess.run(["umount", out(stocked)], check=True)


# validate --artifacts


def _proposal(stocked: Stocked, extra: dict[str, str]) -> None:
    files = {path: (stocked.lab.path / path).read_text() for path in stocked.lab.git("ls-files", VERSION).split("\n")}
    moved = {path.replace("1.0.0", "2.0.0"): text.replace("version: \"1.0.0\"", 'version: "2.0.0"') for path, text in files.items()}
    stocked.lab.commit({**moved, **extra}, branch="topic", parents=[stocked.lab.git("rev-parse", "main")])


def rules(stocked: Stocked, *arguments: str) -> list[str]:
    done = studbook("validate", "main..topic", "--json", *arguments, cwd=stocked.lab.path)
    assert done.returncode in (0, 1), done.stderr
    return [diagnostic["rule"] for diagnostic in json.loads(done.stdout)["diagnostics"]]


def test_validate_asks_the_remote_as_far_as_it_is_told(stocked: Stocked) -> None:
    _proposal(stocked, {})
    assert rules(stocked, "--artifacts", "verify") == []
    flip(stocked.object(stocked.described["model.onnx"].md5))
    flip(stocked.object(max(stocked.described["weights"].files, key=lambda file: file.size).md5))
    assert rules(stocked, "--artifacts", "remote") == []
    assert rules(stocked, "--artifacts", "verify") == ["artifact-corrupt"] * 2
    stocked.object(stocked.described["model.onnx"].md5).unlink()
    assert rules(stocked, "--artifacts", "remote") == ["artifact-not-in-remote"]
    assert rules(stocked) == []


def test_the_command_line_cannot_weaken_the_policy(stocked: Stocked) -> None:
    text = (stocked.lab.path / "registry/registry.yaml").read_text()
    stocked.lab.commit({"registry/registry.yaml": f"{text}artifacts: {{check: verify}}\n"})
    _proposal(stocked, {"registry/registry.yaml": text})
    flip(stocked.object(stocked.described["model.onnx"].md5))
    assert rules(stocked, "--artifacts", "pointers") == ["artifact-corrupt"]


def test_validate_never_asks_a_remote_that_the_pull_request_names(stocked: Stocked, tmp_path: Path) -> None:
    evil = tmp_path / "evil"
    shutil.copytree(stocked.store, evil)
    stocked.object(stocked.described["model.onnx"].md5).unlink()
    _proposal(stocked, {".dvc/config": f"[core]\nremote = storage\n['remote \"storage\"']\nurl = {evil}\n"})
    stocked.lab.git("checkout", "-q", "topic")
    assert rules(stocked, "--artifacts", "remote") == ["artifact-not-in-remote"]


def test_a_remote_that_cannot_be_asked_is_exit_2(stocked: Stocked) -> None:
    _proposal(stocked, {})
    shutil.rmtree(stocked.store)
    done = studbook("validate", "main..topic", "--artifacts", "remote", cwd=stocked.lab.path)
    assert (done.returncode, "does not exist" in done.stderr) == (2, True)


def test_python_tells_a_bad_artifact_from_a_fault(stocked: Stocked) -> None:
    flip(stocked.object(stocked.described["model.onnx"].md5))
    with api.open(stocked.lab.path) as registry, pytest.raises(BadArtifact) as caught:
        registry.resolve("churn@1.0.0").pull(out(stocked))
    assert caught.value.rule == "artifact-corrupt"
