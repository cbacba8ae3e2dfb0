"""studbook register: one command from trained files to a validated branch, and the bytes where DVC expects them."""

from __future__ import annotations

import hashlib
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.command import studbook
from support.desk import Desk
from support.lab import errors

NOW = 1_900_000_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_explicit_files_become_a_complete_manifest_on_a_legal_branch(desk: Desk) -> None:
    before = desk.state()
    done = desk.register(
        "churn@1.1.0", desk.code.path / "model.onnx", "--params", desk.write("params.yaml", "depth: 6\nrate: 1e-3\n"),
        "--metrics", desk.write("metrics.json", '{"auc": 0.93}'), "--data", f"name=customers,role=train,file={desk.write('c.csv', 'a')}",
        "--parent", "churn@1.0.0:finetune", "--code-path", "train.py", "--code-command", "python train.py", "--license", "MIT",
        "--description", "Adds tenure.", "--run", "tracker=mlflow,id=7,uri=https://m/#/1,2", "--signature",
        desk.write("signature.json", '{"inputs": [{"name": "tenure", "type": "double"}]}'),
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.state() == before
    manifest = desk.manifest("register/churn-1.1.0", "1.1.0")
    data = (desk.code.path / "model.onnx").read_bytes()
    assert manifest["artifacts"] == [
        {"path": "model.onnx", "size": len(data), "sha256": hashlib.sha256(data).hexdigest(), "format": "onnx"}
    ]
    assert (manifest["params"], manifest["metrics"], manifest["license"]) == ({"depth": 6, "rate": 0.001}, {"auc": 0.93}, "MIT")
    lineage = manifest["lineage"]
    assert lineage["code"] == {
        "repository": str(desk.origin), "commit": desk.code.git("rev-parse", "HEAD"), "path": "train.py", "command": "python train.py",
    }  # fmt: skip
    assert lineage["data"] == [{"name": "customers", "role": "train", "md5": hashlib.md5(b"a").hexdigest(), "size": 1}]
    assert lineage["parents"] == [{"ref": "churn@1.0.0", "relation": "finetune"}]
    assert lineage["run"] == {"tracker": "mlflow", "id": "7", "uri": "https://m/#/1,2"}
    assert lineage["environment"]["packages"].keys() == {"click", "pyyaml"}
    assert lineage["environment"]["lockfile"].startswith("requirements.lock@sha256:")
    assert lineage["environment"]["python"].count(".") == 2
    assert not errors(desk.registry.validate("main", "register/churn-1.1.0", now=NOW))
    desk.registry.git("fsck", "--strict")


@pytest.mark.slow
def test_the_pointers_are_what_dvc_add_writes_and_dvc_restores_from_them(desk: Desk) -> None:
    folder = desk.code.path / "weights"
    (folder / "deep").mkdir(parents=True)
    for name in ("a", "deep/é.bin", "B"):
        (folder / name).write_bytes(os.urandom(3000))
    done = desk.register("churn", desk.code.path / "model.onnx", folder, "--bump", "minor", "--push")
    assert done.returncode == 0, done.stdout + done.stderr
    version = desk.registry.path / "registry/churn/versions/1.1.0"
    aside = desk.registry.path / "aside"
    shutil.copytree(folder, aside / "weights")
    shutil.copy(desk.code.path / "model.onnx", aside)
    desk.dvc("add", "-q", "aside/weights", "aside/model.onnx")
    for name in ("weights", "model.onnx"):
        written = desk.registry.git("show", f"register/churn-1.1.0:registry/churn/versions/1.1.0/{name}.dvc")
        assert written + "\n" == (aside / f"{name}.dvc").read_text()
    shutil.rmtree(aside)
    desk.registry.git("merge", "-q", "--no-edit", "register/churn-1.1.0")
    pointers = [str(version / f"{name}.dvc") for name in ("weights", "model.onnx")]
    desk.dvc("checkout", "-q", *pointers)
    subprocess.run(["diff", "-r", folder, version / "weights"], check=True)
    for path in (version / "weights", desk.registry.path / ".dvc/cache"):
        shutil.rmtree(path)
    (version / "model.onnx").unlink()
    desk.dvc("pull", "-q", *pointers)
    subprocess.run(["diff", "-r", folder, version / "weights"], check=True)
    assert (version / "model.onnx").read_bytes() == (desk.code.path / "model.onnx").read_bytes()


def test_with_push_the_bytes_are_in_the_remote_before_the_branch_is_there(desk: Desk) -> None:
    model = desk.code.path / "model.onnx"
    desk.store.rmdir()
    desk.store.write_text("no folder")
    failed = desk.register("churn@1.1.0", model, "--push")
    assert failed.returncode == 2
    assert "Traceback" not in failed.stderr
    assert desk.registry.tip("register/churn-1.1.0") is None
    desk.store.unlink()
    desk.store.mkdir()
    done = desk.register("churn@1.1.0", model, "--push")
    assert done.returncode == 0, done.stdout + done.stderr
    md5 = hashlib.md5(model.read_bytes()).hexdigest()
    assert (desk.store / "files/md5" / md5[:2] / md5[2:]).read_bytes() == model.read_bytes()
    assert "register/churn-1.1.0" in desk.registry.git("ls-remote", "origin")


def test_a_dry_run_keeps_nothing_not_even_bytes(desk: Desk) -> None:
    refs = desk.registry.git("for-each-ref")
    done = desk.register("churn@1.1.0", desk.code.path / "model.onnx", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "+version: 1.1.0" in done.stdout
    assert desk.registry.git("for-each-ref") == refs
    assert not (desk.registry.path / ".dvc/cache").exists()


def test_what_is_not_legal_is_shown_and_not_kept(desk: Desk) -> None:
    done = desk.register("churn@1.1.0", desk.code.path / "model.onnx", "--metrics", desk.write("m.json", '{"auc": "good"}'), "--push")
    assert done.returncode == 1
    assert "schema" in done.stdout
    assert desk.registry.tip("register/churn-1.1.0") is None
    assert not list(desk.store.iterdir())


def test_code_that_is_not_committed_or_not_pushed_is_refused_or_noted(desk: Desk) -> None:
    model = desk.code.path / "model.onnx"
    (desk.code.path / "train.py").write_text("print(2)\n")
    (desk.code.path / "helper.py").write_text("")
    dirty = desk.register("churn@1.1.0", model)
    assert dirty.returncode == 2
    assert "train.py, helper.py are not committed" in dirty.stderr
    desk.code.git("add", "-A")
    desk.code.git("commit", "-q", "-m", "more")
    assert "is not pushed" in desk.register("churn@1.1.0", model).stderr
    (desk.code.path / "train.py").write_text("print(3)\n")
    assert desk.register("churn@1.1.0", model, "--allow-dirty").returncode == 0
    manifest = desk.manifest("register/churn-1.1.0", "1.1.0")
    assert manifest["metadata"] == {"code": {"uncommitted": ["train.py"], "unpushed": True}}


def test_code_in_the_registrys_own_repository_is_named_by_a_dot(desk: Desk) -> None:
    model = desk.write("model.onnx", "x")
    done = studbook("register", "churn@1.1.0", str(model), cwd=desk.registry.path)
    assert done.returncode == 0, done.stderr
    code = desk.manifest("register/churn-1.1.0", "1.1.0")["lineage"]["code"]
    assert code == {"repository": ".", "commit": desk.registry.git("rev-parse", "main")}
    desk.registry.git("checkout", "-q", "-b", "topic")
    desk.registry.git("commit", "-q", "--allow-empty", "-m", "code")
    done = studbook("register", "churn@1.2.0", str(model), cwd=desk.registry.path)
    assert "is not in the branch that this change starts from" in done.stderr
    done = studbook("register", "churn@1.2.0", str(model), "--here", cwd=desk.registry.path)
    assert done.returncode == 0, done.stderr


def test_made_elsewhere_needs_no_code(desk: Desk, tmp_path: Path) -> None:
    origin = ("--origin", "uri=https://hub/acme/base,version=1a2b,note=imported, as it is")
    model = desk.write("base.safetensors", "x")
    nowhere = studbook("-C", str(desk.registry.path), "register", "churn@1.1.0", str(model), cwd=tmp_path)
    assert "this is not a Git repository" in nowhere.stderr
    done = studbook("-C", str(desk.registry.path), "register", "churn@1.1.0", str(model), *origin, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    lineage = desk.manifest("register/churn-1.1.0", "1.1.0")["lineage"]
    assert lineage == {"origin": {"uri": "https://hub/acme/base", "version": "1a2b", "note": "imported, as it is"}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["churn", "model.onnx"], "1.0.1 (--bump patch), 1.1.0 (--bump minor), 2.0.0 (--bump major)"),
        (["churn@1.0.0", "model.onnx"], "next would be 1.0.1"),
        (["churn@v2", "model.onnx"], "`v2` is no version"),
        (["churn@2.0.0", "model.onnx", "--bump", "minor"], "not both"),
        (["nobody@1.0.0", "model.onnx"], "studbook new nobody"),
        (["churn@1.1.0", "nowhere.onnx"], "there is no file"),
        (["churn@1.1.0"], "name the artifact"),
        (["churn@1.1.0", "model.onnx", "model.onnx"], "two artifacts are called"),
        (["churn@1.1.0", "model.onnx", "--parent", "churn@1.0.0:cousin"], "`cousin` is no relation"),
        (["churn@1.1.0", "model.onnx", "--origin", "url=x"], "--origin uri=…,version=…,note=…"),
        (["churn@1.1.0", "model.onnx", "--code-path", "gone.py"], "gone.py is not in the code's commit"),
        (["churn@1.1.0", "--from-dvc", "."], "there is no dvc.yaml"),
        (["churn@1.1.0", "--from-dvc", ".", "--from-mlflow", "1"], "give one"),
    ],
)
def test_a_mistake_is_exit_2_with_the_repair(desk: Desk, arguments: list[str], said: str) -> None:
    here = [str(desk.code.path / word) if word in ("model.onnx", ".") else word for word in arguments]
    done = desk.register(*here)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not [ref for ref in desk.registry.git("for-each-ref").splitlines() if "register" in ref]


def test_without_dvc_it_says_how_to_set_it_up(desk: Desk) -> None:
    desk.registry.commit({".dvc/config": None})
    assert "studbook init" in desk.register("churn@1.1.0", desk.code.path / "model.onnx").stderr


def test_on_a_terminal_it_shows_how_far_it_is(desk: Desk) -> None:
    main, side = pty.openpty()
    command = [sys.executable, "-m", "studbook", "-C", str(desk.registry.path), "register", "churn@1.1.0"]
    done = subprocess.run(
        [*command, str(desk.code.path / "model.onnx")], cwd=desk.code.path, env={**os.environ, "TERM": "xterm"},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=side,
    )  # fmt: skip
    os.close(side)
    seen = os.read(main, 100_000).decode()
    os.close(main)
    assert done.returncode == 0, seen
    assert "churn 1.1.0" in seen
    assert "7.0/7.0 kB" in seen


def test_with_c_paths_begin_from_there_as_in_git(desk: Desk) -> None:
    done = desk.register("churn@1.1.0", "model.onnx")
    assert f"paths begin from {desk.registry.path}: write {desk.code.path / 'model.onnx'}" in done.stderr


def test_a_branch_that_is_there_already_is_said_before_anything_is_read(desk: Desk) -> None:
    model = desk.code.path / "model.onnx"
    assert desk.register("churn@1.1.0", model).returncode == 0
    model.unlink()
    again = desk.register("churn@1.1.0", model)
    assert "there is a branch register/churn-1.1.0 already" in again.stderr
    assert again.returncode == 2


def test_a_folder_of_data_is_named_by_the_hash_that_dvc_gives_it(desk: Desk) -> None:
    folder = desk.top / "images"
    folder.mkdir()
    (folder / "a.png").write_bytes(b"a")
    done = desk.register("churn@1.1.0", desk.code.path / "model.onnx", "--data", f"name=images,file={folder}", "--data", "name=x,version=v1,size=7")
    assert done.returncode == 0, done.stdout + done.stderr
    images, x = desk.manifest("register/churn-1.1.0", "1.1.0")["lineage"]["data"]
    assert images["md5"].endswith(".dir")
    assert (images["size"], x["size"]) == (1, 7)


def test_here_commits_the_pointers_on_the_current_branch(desk: Desk) -> None:
    done = desk.register("churn@1.1.0", desk.code.path / "model.onnx", "--here")
    assert done.returncode == 0, done.stderr
    assert (desk.registry.path / "registry/churn/versions/1.1.0/model.onnx.dvc").is_file()
    assert not desk.registry.git("status", "--porcelain")


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_sound_repository_and_works_again(desk: Desk) -> None:
    (desk.code.path / "model.onnx").write_bytes(os.urandom(30_000_000))
    before = desk.state()
    words = ["-C", str(desk.registry.path), "register", "churn@1.1.0", str(desk.code.path / "model.onnx"), "--push"]
    for delay in (0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6):
        process = subprocess.Popen(
            [sys.executable, "-m", "studbook", *words], cwd=desk.code.path, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(0.3)  # a push at the other end may be just ending
        desk.registry.git("fsck", "--strict")
        assert desk.state() == before
        if desk.registry.tip("register/churn-1.1.0"):
            desk.registry.git("branch", "-D", "register/churn-1.1.0")
        if "register" in desk.registry.git("ls-remote", "origin"):
            desk.registry.git("push", "-q", "--delete", "origin", "register/churn-1.1.0")
    done = studbook(*words, cwd=desk.code.path)
    assert done.returncode == 0, done.stderr
    md5 = hashlib.md5((desk.code.path / "model.onnx").read_bytes()).hexdigest()
    assert (desk.store / "files/md5" / md5[:2] / md5[2:]).stat().st_size == 30_000_000


def test_yes_to_the_question_sends_the_bytes_before_the_branch(desk: Desk) -> None:
    main, side = pty.openpty()
    command = [sys.executable, "-m", "studbook", "-C", str(desk.registry.path), "register", "churn@1.1.0", "model.onnx"]
    shutil.copy(desk.code.path / "model.onnx", desk.registry.path)
    environment = {**os.environ, "TERM": "xterm", "PATH": os.path.dirname(shutil.which("git") or "")}
    os.write(main, b"y\n")
    done = subprocess.run(command, cwd=desk.code.path, stdin=side, stdout=side, stderr=subprocess.PIPE, env=environment)
    os.close(side)
    seen = os.read(main, 100_000).decode()
    os.close(main)
    assert done.returncode == 0, seen + done.stderr.decode()
    assert seen.index("the bytes of model.onnx are in") < seen.index("pushed register/churn-1.1.0")
    md5 = hashlib.md5((desk.code.path / "model.onnx").read_bytes()).hexdigest()
    assert (desk.store / "files/md5" / md5[:2] / md5[2:]).is_file()
