"""What people read, word for word: each folder has a base tree, a head tree and the text that `validate` prints.

`head` holds only what differs from `base`; an empty file named `<path>.removed` takes a path away. After a wanted change of
wording: BLESS=1 pytest tests/cases, and read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from studbook.render.text import plain, render
from support.lab import START, Content, Lab

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/expected.txt"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_the_report_reads_as_expected(case: Path, tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    lab.commit(_tree(HERE / "base"), at=START)
    lab.commit(_tree(case / "base") or {"unrelated": "x"}, at=START + 3600)
    lab.commit(_tree(case / "head"), branch="topic", at=START + 5400, parents=[lab.git("rev-parse", "main")])
    text = plain(render(lab.validate(now=START + 5400), 100))
    expected = case / "expected.txt"
    if os.environ.get("BLESS"):
        expected.write_text(text)
    assert text == expected.read_text()


def _tree(folder: Path) -> dict[str, Content]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return dict(_file(path, folder) for path in files)


def _file(path: Path, folder: Path) -> tuple[str, Content]:
    name = path.relative_to(folder).as_posix()
    return (name.removesuffix(".removed"), None) if name.endswith(".removed") else (name, path.read_bytes())
