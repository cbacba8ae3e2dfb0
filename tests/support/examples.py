"""The examples of the rule pages: small histories, written as text, built as real repositories and judged.

    merged: promote 1.1.0 to staging          a commit on main
    registry/churn/stages/staging.yaml:       a file, its text indented by four
        version: 1.1.0
    proposed after 10m: ...                   a commit on the branch, ten minutes after the last one
    proposed ahead 1h: ...                    the same, with a date one hour ahead of the clock
    updated: ...                              main is merged into the branch: the branch's files, but for those below
    stored: what the DVC remote holds         files below the repository, in no commit; no line break at the end
    judged: in a shallow clone                says where; the last line
    registry/churn/versions/2.0.0: (a plain version)
    registry/churn/versions/2.0.0/manifest.yaml: (with metrics = {auc: 0.5})
    registry/churn/versions/2.0.0/manifest.yaml: (with lineage.code.commit = <main>)    or <branch>: its last commit
    registry/churn/README.md: (removed)
    registry/link: (symlink to x) | (executable) | (submodule) | (2000000 bytes)

Every example starts from the sample registry (`studbook explain sample`). What is judged is the branch merged into main, or
without a branch the last commit on main.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

from studbook.diagnostic import Report
from studbook.rules import page
from support import samples
from support.lab import START, Content, Lab

_BLOCK = re.compile(r"^```(fails|passes|sample)(?: ([^\n]*))?\n(.*?)^```$", re.M | re.S)
_STEP = re.compile(r"(merged|proposed|updated|stored|judged)(?: (after|ahead) (\d+)([smhd]))?: (.*)")
_FILE = re.compile(r"(\S+):(?: \((.*)\))?")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DAY = 86400


class Step(NamedTuple):
    kind: str
    wait: int
    """Seconds after the step before."""
    ahead: int
    """Seconds that the commit's date is ahead of the clock."""
    title: str
    files: list[tuple[str, str | None, str]]
    """Path, what stands in brackets, text."""


class Example(NamedTuple):
    rule: str
    verdict: str
    """fails or passes"""
    title: str
    steps: list[Step]


def of_page(rule: str) -> list[Example]:
    return [Example(rule, verdict, title or "", steps(text)) for verdict, title, text in _BLOCK.findall(page(rule))]


def steps(text: str) -> list[Step]:
    found: list[Step] = []
    for line in text.splitlines():
        if step := _STEP.fullmatch(line):
            kind, word, count, unit, title = step.groups()
            seconds = int(count) * _SECONDS[unit] if count else _DAY
            found.append(Step(kind, *((_DAY, seconds) if word == "ahead" else (seconds, 0)), title, []))
        elif line.startswith("    ") or not line.strip():
            if found and found[-1].files:
                path, note, body = found[-1].files.pop()
                found[-1].files.append((path, note, body + line[4:] + "\n"))
        elif file := _FILE.fullmatch(line):
            found[-1].files.append((file.group(1), file.group(2), ""))
        else:
            raise ValueError(f"not a line of an example: {line!r}")
    return found


def play(example: Example, folder: Path) -> Report:
    """Build the example on top of the sample registry and judge it."""
    return play_steps([*of_page("sample")[0].steps, *example.steps], folder)


def play_steps(history: list[Step], folder: Path) -> Report:
    """Build a history and judge its branch, or its last step."""
    lab = Lab(folder)
    now, contents = START, dict[str, str]()
    for step in history:
        now += step.wait
        if step.kind == "judged":
            assert step.title == "in a shallow clone", step.title
            lab.path.joinpath(".git", "shallow").write_text(lab.git("rev-parse", "main") + "\n")
            continue
        if step.kind == "stored":
            for path, _, body in step.files:
                (lab.path / path).parent.mkdir(parents=True, exist_ok=True)
                (lab.path / path).write_text(body.rstrip("\n"))
            continue
        branch = "main" if step.kind == "merged" else "topic"
        files, at = dict(_files(_resolved(lab, step), contents)), now + step.ahead
        lab.commit(files, branch=branch, at=at, message=step.title, parents=_parents(lab, step))
    if lab.tip("topic"):
        return lab.validate(now=now)
    return lab.validate_step("main", now=now)


def _resolved(lab: Lab, step: Step) -> Step:
    """With commit ids in place of <main> and <branch>."""
    tips = {"<main>": lab.tip("main"), "<branch>": lab.tip("topic")}

    def known(note: str | None) -> str | None:
        return note and re.sub("<main>|<branch>", lambda match: tips[match.group()] or "", note)

    return step._replace(files=[(path, known(note), body) for path, note, body in step.files])


def _parents(lab: Lab, step: Step) -> list[str] | None:
    """Of a branch's first commit, and of a merge of main into it; all others follow the last one."""
    if step.kind == "updated":
        return [lab.git("rev-parse", "topic"), lab.git("rev-parse", "main")]
    return [lab.git("rev-parse", "main")] if step.kind == "proposed" and not lab.tip("topic") else None


def _files(step: Step, contents: dict[str, str]) -> Iterator[tuple[str, Content]]:
    for path, note, body in step.files:
        if note == "a plain version":
            _, model, version = re.fullmatch(r"(registry)/(.*)/versions/(.*)", path).groups()  # type: ignore[union-attr]
            files = samples.version_files(model, version)
            contents.update(files)
            yield from files.items()
        else:
            content = _content(path, note, body.rstrip("\n") + "\n" if body else "", contents)
            if isinstance(content, str):
                contents[path] = content
            yield path, content


def _content(path: str, note: str | None, body: str, contents: dict[str, str]) -> Content:
    if note is None:
        return body
    if note == "removed":
        return None
    if note == "executable":
        return "100755", contents.get(path, body)
    if note == "submodule":
        return "160000", "1" * 40
    if link := re.fullmatch(r"symlink to (.*)", note):
        return "120000", link.group(1)
    if size := re.fullmatch(r"(\d+) bytes", note):
        return "# " + "x" * (int(size.group(1)) - 3) + "\n"
    if edit := re.fullmatch(r"with (\S+) = (.*)", note):
        return _edited(contents[path], edit.group(1), yaml.safe_load(edit.group(2)))
    raise ValueError(f"no such note: {note}")


def _edited(text: str, route: str, item: object) -> str:
    """The file with one value replaced (null removes it), all else as it was."""
    value = yaml.safe_load(text)
    samples._set(value, route.split("."), item)
    return "".join(f"{key}: {_dump(part)}\n" for key, part in value.items())


def _dump(value: object) -> str:
    import json

    return json.dumps(value, default=lambda moment: moment.isoformat().replace("+00:00", "Z"))
