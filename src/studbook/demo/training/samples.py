"""Files of known type: some of those that installed packages ship, labelled by their suffix.

What differs between the wheels of one version is left out, so the sample is the same wherever the same
versions of these packages are installed from wheels. Its md5 says whether it is.

Much of it is test data: tiny, odd on purpose, now and then not what its suffix says. So accuracy is lower
here than on the files that people have.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path, PurePosixPath

from studbook.demo.training.common import Data, Role, Suite, canonical_csv

PACKAGES = ("numpy", "onnx", "scikit-learn", "scipy")

LABELS = {
    ".c": "c",
    ".cpp": "cpp",
    ".css": "css",
    ".csv": "csv",
    ".f": "fortran",
    ".f90": "fortran",
    ".gz": "gzip",
    ".jpg": "jpeg",
    ".js": "javascript",
    ".json": "json",
    ".md": "markdown",
    ".npy": "npy",
    ".npz": "npz",
    ".onnx": "onnx",
    ".png": "png",
    ".proto": "proto",
    ".py": "python",
    ".rst": "rst",
    ".wav": "wav",
}
"""What a suffix says, in magika's words. Those that say two things are left out (`.h` is C or C++)."""

BUILT = {"__config__.py", "_distributor_init.py", "distutils"}
"""What a package's build writes or leaves out, depending on where it is built."""

PER_LABEL = 16
"""At most so many files of one label in each part: packages hold mostly Python."""

SMALLEST = 64
"""Bytes. Shorter files are markers and placeholders, which have no type to recognise."""


@dataclass(frozen=True)
class Sample:
    """One file: where it lies (package/path), its content, and what it is."""

    path: str
    content: bytes
    label: str

    @property
    def md5(self) -> str:
        """The name of its content."""
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


def samples(suite: Suite) -> tuple[Sample, ...]:
    """The files of one part, by path. No content is in both parts, or twice in one."""
    return _parts()[suite]


def recorded(suite: Suite, role: Role) -> Data:
    """The part's entry in a lineage or an evaluation: its canonical text lists paths, labels and contents."""
    rows = [(sample.path, sample.label, sample.md5) for sample in samples(suite)]
    return Data.of(f"file-type-{suite}", role, canonical_csv(["path", "label", "md5"], rows))


@cache
def _parts() -> dict[Suite, tuple[Sample, ...]]:
    parts: dict[Suite, list[Sample]] = {"validation": [], "holdout": []}
    for group in _by_label().values():
        # Ordered by a hash of the path: as good as drawn by lot, and not moved by what else is installed.
        drawn = sorted(group, key=lambda sample: hashlib.sha256(sample.path.encode()).digest())
        parts["validation"] += drawn[0 : 2 * PER_LABEL : 2]
        parts["holdout"] += drawn[1 : 2 * PER_LABEL : 2]
    return {suite: tuple(sorted(part, key=lambda sample: sample.path)) for suite, part in parts.items()}


def _by_label() -> dict[str, list[Sample]]:
    groups: dict[str, list[Sample]] = defaultdict(list)
    seen: set[bytes] = set()
    for sample in sorted(_shipped(), key=lambda sample: sample.path):
        if sample.content not in seen:
            groups[sample.label].append(sample)
        seen.add(sample.content)
    return groups


def _shipped() -> Iterator[Sample]:
    for package in PACKAGES:
        for file in metadata.files(package) or ():
            if file.suffix in LABELS and not _varies(file):
                content = Path(file.locate()).read_bytes()
                if len(content) >= SMALLEST:
                    yield Sample(f"{package}/{file.as_posix()}", content, LABELS[file.suffix])


def _varies(file: PurePosixPath) -> bool:
    """Scripts and metadata are the installer's; a few modules depend on the platform or on the Python."""
    first = file.parts[0]
    return first == ".." or first.endswith((".dist-info", ".data")) or not BUILT.isdisjoint(file.parts)
