"""Studbook's speed as ratios against what the same machine needs for the least that has to be done.

    python tests/benchmarks/run.py [--quick] [--folder /tmp/bench] [--only NAME] [--repeat N]

Ours and the floor take turns, so that a busy machine slows both; the table tells medians, and beside their ratio that
of the two fastest runs. Nothing here asserts a time: the aims are printed, and people judge.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from generate import generate, model_name

STUDBOOK = (str(Path(sys.executable).with_name("studbook")),)
IMPORTS = (sys.executable, "-c", "from pydantic import BaseModel; import yaml, click")
PARSE_LOOP = Path(__file__).with_name("parse_loop.py")
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED")}
"""Compiled files are kept, as an installed package has them; but not in the checkout (see `main`)."""


class Command(NamedTuple):
    """One program to run, where, and what it reads."""

    arguments: tuple[str, ...]
    folder: Path
    stdin: bytes = b""


class Comparison(NamedTuple):
    """What is measured: all of `ours`, one after the other, against all of `floor`."""

    name: str
    aim: float
    ours: tuple[Command, ...]
    floor: tuple[Command, ...]
    one_core: bool = False
    repeat: int = 15


class Sizes(NamedTuple):
    small: int
    large: int
    """Models of the two registries; each has ten versions."""
    commits: int


FULL, QUICK = Sizes(100, 10_000, 100_000), Sizes(20, 200, 2_000)


def comparisons(folder: Path, sizes: Sizes) -> Iterator[Comparison]:
    """The aims, in the order of the table."""
    small = generate(folder / f"models-{sizes.small}", sizes.small, 10)
    large = generate(folder / f"models-{sizes.large}", sizes.large, 10)
    long = generate(folder / f"commits-{sizes.commits}", 100, 10, sizes.commits)
    for form in ("json", "text"):
        floor = (imports(small), *plumbing(small))
        yield Comparison(f"PR check, {form}", 1.5, (check(small, "register", form),), floor)
    yield Comparison("PR check, 100 times the size", 1.2, (check(large, "register"),), (check(small, "register"),))
    yield Comparison("--version / python -c pass", 4, (Command((*STUDBOOK, "--version"), small),), (python(small),))
    yield Comparison("promotion / git log", 1.3, (check(long, "promote"),), (stage_log(long),), repeat=7)
    everything = Command((*check(large, "register").arguments, "--all"), large)
    yield Comparison("--all / parse loop", 0.8, (everything,), (parse_loop(large),), one_core=True, repeat=3)


def check(repo: Path, branch: str, form: str = "json") -> Command:
    return Command((*STUDBOOK, "validate", "--base", "main", "--head", branch, "--format", form), repo)


def python(repo: Path) -> Command:
    return Command((sys.executable, "-c", "pass"), repo)


def imports(repo: Path) -> Command:
    return Command(IMPORTS, repo)


def plumbing(repo: Path) -> Iterator[Command]:
    """The least that Git has to be asked for the three files of a registration."""
    diff = Command(("git", "diff-tree", "-r", "-z", "main", "register"), repo)
    oids = [meta.split()[3] for meta in git(diff).split(b"\0") if meta.startswith(b":")]
    assert len(oids) == 3
    yield diff
    yield Command(("git", "cat-file", "--batch"), repo, b"".join(oid + b"\n" for oid in oids))


def stage_log(repo: Path) -> Command:
    path = f"registry/{model_name(0)}/stages/production.yaml"
    return Command(("git", "log", "--first-parent", "--raw", "main", "--", path), repo)


def parse_loop(repo: Path) -> Command:
    """The blobs that `--all` reads are named beforehand: finding them is left out of the floor."""
    listing = git(Command(("git", "ls-tree", "-r", "-z", "register", "registry"), repo))
    oids = (row.split(b"\t") for row in listing.split(b"\0") if row.endswith((b".yaml", b".dvc")))
    return Command((sys.executable, str(PARSE_LOOP)), repo, b"".join(meta.split()[2] + b"\n" for meta, _ in oids))


def git(command: Command) -> bytes:
    return subprocess.run(command.arguments, cwd=command.folder, check=True, capture_output=True).stdout


def seconds(commands: Sequence[Command]) -> float:
    start = time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command.arguments, cwd=command.folder, input=command.stdin, capture_output=True, env=ENVIRONMENT
        )
        assert done.returncode == 0, done.stderr.decode()
    return time.perf_counter() - start


def measure(comparison: Comparison, repeat: int) -> str:
    """One row of the table. The first turn warms caches and compiled files, and is not counted."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)} if comparison.one_core else cores)
    try:
        if comparison.repeat > 3:
            seconds(comparison.ours), seconds(comparison.floor)
        pairs = [(seconds(comparison.ours), seconds(comparison.floor)) for _ in range(repeat)]
    finally:
        os.sched_setaffinity(0, cores)
    ours, floor = zip(*pairs, strict=True)
    ratio, best = statistics.median(ours) / statistics.median(floor), min(ours) / min(floor)
    verdict = "met" if ratio <= comparison.aim else "MISSED"
    medians = " ".join(f"{statistics.median(times) * 1000:10,.0f}" for times in (ours, floor))
    return f"{comparison.name:28} {medians} {ratio:7.2f} {best:7.2f} {comparison.aim:5.1f}  {verdict}"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure Studbook against the least that has to be done.")
    parser.add_argument("--quick", action="store_true", help="small registries: only to see that it runs")
    parser.add_argument("--folder", type=Path, default=Path("/tmp/bench"), help="where the registries are kept")
    parser.add_argument("--only", default="", help="only comparisons whose name contains this")
    parser.add_argument("--repeat", type=int, help="turns of each comparison")
    given = parser.parse_args()
    ENVIRONMENT["PYTHONPYCACHEPREFIX"] = str(given.folder / "compiled")
    say(f"{'ours / floor':28} {'ours ms':>10} {'floor ms':>10} {'median':>7} {'best':>7} {'aim':>5}")
    for comparison in comparisons(given.folder, QUICK if given.quick else FULL):
        if given.only in comparison.name:
            say(measure(comparison, given.repeat or (3 if given.quick else comparison.repeat)))


if __name__ == "__main__":
    main()
