"""Pull requests of strangers: nothing of head runs, nothing crashes, and the cost is bounded."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from studbook.diagnostic import Report
from support import samples
from support.command import report, studbook
from support.lab import START, Content, Lab, errors, rules
from support.sample import NOW

Files = dict[str, Content]
V = "registry/churn/versions/2.0.0"


def judged(lab: Lab, files: Files) -> Report:
    lab.commit(files, branch="topic", at=START + 30 * 86400, parents=[lab.git("rev-parse", "main")])
    return lab.validate(now=START + 31 * 86400)


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("alias bomb", "a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "yaml-feature"),
        ("40,000 levels", "[" * 40_000, "yaml-limits"),
        ("half a million nulls", "-\n" * 500_000, "yaml-limits"),
        ("a number of a million digits", "a: " + "9" * 1_000_000, "yaml-limits"),
        ("2 MiB", "# " + "x" * (2 << 20), "yaml-limits"),
        ("a python object", "!!python/object/apply:os.system ['touch /tmp/pwned']", "yaml-feature"),
        ("not UTF-8", b"description: \xff\xfe\n", "yaml-syntax"),
        ("UTF-16", "description: x\n".encode("utf-16"), "yaml-syntax"),
        ("a NUL", "description: \0\n", "yaml-syntax"),
        ("nothing", "", "schema"),
        ("a list", "- 1\n", "schema"),
        ("infinite metrics", samples.manifest("churn", "2.0.0").replace("0.9", ".inf"), "schema"),
    ],
)
@pytest.mark.parametrize(
    "path", [f"{V}/manifest.yaml", "registry/churn/model.yaml", "registry/churn/stages/production.yaml"]
)
def test_a_hostile_file_is_one_clear_finding(lab: Lab, name: str, content: bytes | str, rule: str, path: str) -> None:
    found = judged(lab, {path: content})
    assert rule in errors(found)
    assert {d.rule for d in found.diagnostics if d.path == path} <= {rule, "version-changed"}


def test_a_blob_of_a_hundred_megabytes_is_not_read(lab: Lab) -> None:
    assert rules(judged(lab, {"registry/churn/model.yaml": b"\0" * (100 << 20)})) == ["yaml-limits"]


@pytest.mark.parametrize("mode", ["120000", "160000", "100755"])
def test_registry_itself_may_be_no_link_submodule_or_file(lab: Lab, mode: str) -> None:
    body = "1" * 40 if mode == "160000" else "../elsewhere"
    files: Files = dict.fromkeys(lab.git("ls-tree", "-r", "--name-only", "main").splitlines())
    found = judged(lab, {**files, "registry": (mode, body)})
    assert ("unsafe-file-type", "registry") in {(d.rule, d.path) for d in found.diagnostics}


@pytest.mark.parametrize("mode", ["120000", "160000", "100755"])
@pytest.mark.parametrize(
    "path",
    [
        "registry/registry.yaml",
        "registry/churn/stages/production.yaml",
        f"{V}/manifest.yaml",
        "registry/churn/versions",
    ],
)
def test_links_submodules_and_executables_are_never_read(lab: Lab, mode: str, path: str) -> None:
    body = "1" * 40 if mode == "160000" else samples.stage("1.2.0", "through a link")
    gone: Files = {
        p: None for p in lab.git("ls-tree", "-r", "--name-only", "main").splitlines() if p.startswith(f"{path}/")
    }
    assert "unsafe-file-type" in errors(judged(lab, {**gone, path: (mode, body)}))


@pytest.mark.parametrize(
    "path",
    [
        "registry/new\nline.yaml", 'registry/"quoted".yaml', "registry/back\\slash", "registry/caf\u00e9", "registry/\udcff.yaml",
        "registry/-rf", "registry/:(glob)**", "registry/*", "registry/churn/versions/*/manifest.yaml", "registry/a b/model.yaml",
        "registry/\x1b[31mred", "registry/churn/stages/..yaml", "registry/versions/stages/versions/x", "registry/waivers/x.yaml",
        "registry/" + "d/" * 200 + "deep", "registry/" + "n" * 250, "registry/churn/versions/1.0.0-" + "9" * 90 + "/manifest.yaml",
        "registry/" + "a/" * 1500 + "model.yaml", "registry/.dvc", "registry/churn/versions/2.0.0/.dvc", "registry/churn/stages/.yaml", "registry/CHURN/model.yaml",
    ],
)  # fmt: skip
def test_a_path_of_any_shape_is_an_error_and_never_a_crash(lab: Lab, path: str) -> None:
    found = judged(lab, {path: "version: 1.0.0\n"})
    assert errors(found)
    assert all(d.path.isprintable() and d.message.isprintable() for d in found.diagnostics)


def test_printing_such_paths_works_in_every_format(lab: Lab) -> None:
    judged(lab, {"registry/\udcff\x1b[31m\nx.yaml": "x: 1\n"})
    for form in ("text", "json", "github"):
        done = studbook(
            "validate", "main..topic", "--format", form, cwd=lab.path, PYTHONIOENCODING="ascii:strict", LC_ALL="C"
        )
        assert done.returncode == 1, done.stderr
        assert "\x1b" not in done.stdout
        assert "Traceback" not in done.stderr


def test_ten_thousand_stray_files_are_ten_thousand_findings(lab: Lab) -> None:
    found = judged(lab, {f"registry/churn/junk/{n}": "x" for n in range(10_000)})
    assert errors(found).count("unknown-file") == 10_000


def test_a_gate_that_never_ends_is_an_error(lab: Lab) -> None:
    loops = "candidate.params.l.all(a, candidate.params.l.all(b, candidate.params.l.all(c, a + b + c >= 0.0)))"
    policy = (lab.git("show", "main:registry/registry.yaml") + "\n").replace(
        "'\"holdout\" in candidate.evaluations'", f"'{loops}'"
    )
    lab.commit({"registry/registry.yaml": policy}, at=NOW)
    lab.commit(dict(samples.version_files("churn", "2.0.0", params={"l": list(range(3000))})), at=NOW + 1)
    lab.commit({"registry/churn/stages/staging.yaml": samples.stage("2.0.0")}, at=NOW + 2)
    lab.commit(
        {"registry/churn/stages/production.yaml": samples.stage("2.0.0")},
        branch="topic",
        at=NOW + 90_000,
        parents=[lab.git("rev-parse", "main")],
    )
    assert errors(lab.validate(now=NOW + 90_000)) == ["gate-error"]


def test_a_pull_request_cannot_bring_its_own_rules_evidence_or_incumbent(lab: Lab) -> None:
    lax = "convention: 1\nstages:\n  staging: {from: [registered, new]}\n  production: {from: [registered, new]}\n"
    evidence = samples.evaluation("churn", "1.2.0", auc=1.0)
    files: Files = {
        "registry/registry.yaml": lax,
        "registry/churn/model.yaml": 'description: x\nowners: ["@mallory"]\ngates: {}\n',
        "registry/churn/versions/1.2.0/evaluations/holdout/mine.yaml": evidence,
        "registry/churn/stages/production.yaml": samples.stage("1.2.0", "mine"),
    }
    assert set(errors(judged(lab, files))) == {"illegal-transition", "gate-failed"}


def test_nothing_of_head_is_checked_out_or_run(lab: Lab, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    hook: Files = {
        "conftest.py": f"open({str(marker)!r}, 'w')\n",
        "studbook.py": f"open({str(marker)!r}, 'w')\n",
        "yaml.py": f"open({str(marker)!r}, 'w')\n",
        ".dvc/config": "['remote \"r\"']\nurl = http://127.0.0.1:9/\n",
        "registry/churn/README.md": "# x\n",
    }
    judged(lab, hook)
    before = sorted(os.listdir(lab.path))
    assert report("main..topic", cwd=lab.path)["ok"] is True
    assert not marker.exists()
    assert sorted(os.listdir(lab.path)) == before


def test_a_file_on_one_side_and_a_folder_on_the_other_conflict(lab: Lab) -> None:
    lab.commit({"registry/churn/README.md/x": "x"}, at=NOW)
    main = lab.git("rev-parse", "main~1")
    lab.commit({"registry/churn/README.md": "# Churn\n"}, branch="topic", at=NOW, parents=[main])
    assert "merge-conflict" in errors(lab.validate(now=NOW + 1))


def test_a_clean_merge_by_git_that_nobody_reviewed_is_a_conflict(empty_lab: Callable[[], Lab]) -> None:
    """Git blends two edits of one file; the path-wise merge does not."""
    lab = empty_lab()
    policy = "".join(f"# line {n}\n" for n in range(40))
    lab.commit({"registry/registry.yaml": f"convention: 1\n{policy}stages: {{}}\n"})
    start = lab.git("rev-parse", "main")
    lab.commit(
        {"registry/registry.yaml": f"convention: 1\nx-a: 1\n{policy}stages: {{}}\n"}, branch="topic", parents=[start]
    )
    lab.commit({"registry/registry.yaml": f"convention: 1\n{policy}stages: {{}}\nx-b: 1\n"})
    assert errors(lab.validate(now=NOW)) == ["merge-conflict"]


def test_a_file_replaced_by_a_folder_is_seen_whatever_is_asked(lab: Lab) -> None:
    lab.commit({"registry/churn/README.md": "# Churn"}, at=NOW)
    judged(lab, {"registry/churn/README.md": None, "registry/churn/README.md/model.yaml": "x: 1"})
    assert errors(lab.validate(now=NOW)) == errors(lab.validate(now=NOW, everything=True))
    assert not lab.validate(now=NOW, everything=True).ok


def test_an_old_spelling_of_a_mode_is_read_as_git_reads_it(lab: Lab) -> None:
    """100664 passes as 100644 in a diff; what is merged must not become unreadable by it."""
    tree = lab.git("ls-tree", "main:registry").replace("100644", "100664")
    rows = [row.split(None, 3) for row in tree.splitlines()]
    raw = b"".join(f"{mode.lstrip('0')} {name}".encode() + b"\0" + bytes.fromhex(oid) for mode, _, oid, name in rows)
    registry = lab.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=raw)
    top = lab.git("mktree", stdin=f"040000 tree {registry}\tregistry\n".encode())
    lab.git("update-ref", "refs/heads/main", lab.git("commit-tree", top, "-p", "main", "-m", "odd modes", at=NOW))
    found = judged(lab, {"registry/churn/README.md": "# Churn"})
    assert not found.diagnostics
