"""Hashes, pointers and `.dir` objects are what DVC and coreutils make of the same bytes."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studbook import hashing, listing
from studbook.diagnostic import Fault


@pytest.fixture(scope="module")
def dvc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty repository with DVC."""
    top = tmp_path_factory.mktemp("dvc")
    subprocess.run(["git", "init", "-q"], cwd=top, check=True)
    _dvc("init", "-q", cwd=top)
    return top


def _dvc(*arguments: str, cwd: Path) -> None:
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}
    subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=cwd, env=environment, check=True, capture_output=True)


def _tree(top: Path) -> None:
    (top / "sub" / "deep").mkdir(parents=True)
    (top / "b").write_bytes(os.urandom(300_000))
    (top / "sub" / "a.bin").write_bytes(b"\0" * 5_000_000)
    (top / "sub" / "deep" / "é ü.txt").write_text("accents")
    (top / "sub.txt").write_text("sorts between")
    (top / "empty").touch()
    (top / "link").symlink_to("b")


@pytest.mark.slow
def test_pointer_and_dir_object_are_byte_for_byte_what_dvc_add_writes(dvc: Path) -> None:
    (dvc / "model.onnx").write_bytes(os.urandom(200_000))
    (dvc / "123").write_bytes(b"")
    _tree(dvc / "weights")
    _dvc("add", "-q", "model.onnx", "123", "weights", cwd=dvc)
    for name in ("model.onnx", "123", "weights"):
        described = hashing.describe(dvc / name)
        assert hashing.pointer_text(name, described) == (dvc / f"{name}.dvc").read_text()
    stored = dvc / ".dvc/cache/files/md5" / described.md5[:2] / described.md5[2:]
    assert described.dir_object == stored.read_bytes()
    assert listing.dump(listing.parse(stored.read_bytes())) == stored.read_bytes()


def test_sha256_is_what_sha256sum_prints(tmp_path: Path) -> None:
    top = tmp_path / "weights"
    _tree(top)
    script = "find -L . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum"
    printed = subprocess.run(script, shell=True, cwd=top, capture_output=True, text=True, check=True).stdout
    described = hashing.describe(top)
    assert described.sha256 == printed.split()[0]
    assert described.size == sum(len(path.read_bytes()) for path in top.rglob("*") if path.is_file())
    assert hashing.describe(top / "b").sha256 == hashlib.sha256((top / "b").read_bytes()).hexdigest()


@given(st.from_regex(r"[0-9][0-9a-fA-FxoeE._-]{0,31}", fullmatch=True) | st.sampled_from(["true", "null", "no", "2026-01-01"]))
def test_names_are_quoted_where_dvc_quotes_them(name: str) -> None:
    from dvc.utils.serialize._yaml import dumps_yaml

    described = hashing.Described(1, "0" * 32, "", None, None, ())
    text = hashing.pointer_text(name, described)
    assert text.splitlines()[-1].strip() == dumps_yaml({"path": name}).strip()


@pytest.mark.parametrize("name", ["line\nfeed", "back\\slash", ".git", "sub/.dvcignore", ".dvc/config"])
def test_what_dvc_leaves_out_or_a_pull_would_refuse_is_no_artifact(name: str, tmp_path: Path) -> None:
    path = tmp_path / "weights" / name
    path.parent.mkdir(parents=True)
    path.write_text("x")
    with pytest.raises(Fault, match="weights") as caught:
        hashing.describe(tmp_path / "weights")
    assert caught.value.hint == "rename or remove it"


def test_a_symlink_to_a_folder_and_a_pipe_are_no_artifact(tmp_path: Path) -> None:
    top = tmp_path / "weights"
    top.mkdir()
    os.mkfifo(top / "pipe")
    with pytest.raises(Fault, match="neither a file nor a folder"):
        hashing.describe(top)
    (top / "pipe").unlink()
    (top / "other").symlink_to(tmp_path)
    with pytest.raises(Fault, match="symlink to a folder"):
        hashing.describe(top)


HOSTILE = {
    "../x": "leads out",
    "a/../../x": "leads out",
    "/etc/passwd": "absolute",
    "C:/x": "absolute",
    "a\\..\\x": "backslash",
    "a\rb": "line break",
    "a\nb": "line break",
    "a\0b": "control",
    "": "leads out",
    "a//b": "shortest form",
    "./a": "shortest form",
    ".git/hooks/pre-push": ".git",
    "a/.GIT/config": ".git",
    ".git. /x": ".git",
    "GIT~1/x": ".git",
    "\ud800": "Unicode",
}


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_hostile_names_in_a_dir_object_are_refused(path: str) -> None:
    with pytest.raises(listing.Malformed, match=HOSTILE[path]):
        listing.parse(listing.dump([listing.Entry("0" * 32, path)]))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"[" * 200_000, "not JSON"),
        (b"{}", "not a JSON list"),
        (b"[1]", "an entry"),
        (b'[{"md5": "../../../../etc/passwd", "relpath": "a"}]', "32 hex digits"),
        (b'[{"md5": "%s", "relpath": 1}]' % (b"0" * 32), "no path"),
        (b'[{"md5": "%s", "relpath": "a", "isexec": true}]' % (b"0" * 32), "an entry"),
        (listing.dump([listing.Entry("0" * 32, "a"), listing.Entry("1" * 32, "a")]), "twice"),
        (listing.dump([listing.Entry("0" * 32, "a"), listing.Entry("1" * 32, "a/b")]), "both as a file and as a folder"),
    ],
    ids=["empty", "deep", "map", "number", "md5", "path", "more", "twice", "folder"],
)
def test_a_dir_object_of_another_form_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(listing.Malformed, match=said):
        listing.parse(data)
