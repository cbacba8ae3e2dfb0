"""Names: models, stages, suites, runs, versions and references."""

from __future__ import annotations

import re
from typing import NamedTuple

LABEL = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
"""A DNS label that begins with a letter: a model path segment, a stage, an evaluation suite."""
RUN = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
MODEL = rf"{LABEL}(?:/{LABEL})*"
_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
VERSION = rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?"
"""SemVer 2.0.0 without build metadata."""
MAX_VERSION = 64
COMMIT = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
OWNER = (
    r"@[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?(?:/[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?)?"
    r"|[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
)
"""`@login`, `@org/team` or an e-mail address."""
ARTIFACT = r"[A-Za-z0-9][A-Za-z0-9._-]*"

RESERVED_SEGMENTS = frozenset({"versions", "stages", "evaluations", "waivers"})
RESERVED_STAGES = frozenset({"new", "registered", "archived", "latest"})
RESERVED_ARTIFACTS = frozenset({"manifest.yaml", "readme.md", "archived.yaml", "evaluations"})

_LABEL_RE, _RUN_RE, _VERSION_RE, _COMMIT_RE = (re.compile(p, re.ASCII) for p in (LABEL, RUN, VERSION, COMMIT))
_V_DIGITS = re.compile(r"v[0-9]+", re.ASCII)


def is_label(text: str) -> bool:
    return _LABEL_RE.fullmatch(text) is not None


def is_run(text: str) -> bool:
    return _RUN_RE.fullmatch(text) is not None


def is_commit(text: str) -> bool:
    return _COMMIT_RE.fullmatch(text) is not None


def is_version(text: str) -> bool:
    return len(text) <= MAX_VERSION and _VERSION_RE.fullmatch(text) is not None


def is_model(text: str) -> bool:
    return all(is_label(segment) and segment not in RESERVED_SEGMENTS for segment in text.split("/"))


def is_stage(text: str) -> bool:
    return is_label(text) and text not in RESERVED_STAGES and _V_DIGITS.fullmatch(text) is None


def is_artifact(text: str) -> bool:
    """One name, and none of the registry's own (also not on a file system that ignores case)."""
    lowered = text.lower()
    return (
        re.fullmatch(ARTIFACT, text) is not None and lowered not in RESERVED_ARTIFACTS and not lowered.endswith(".dvc")
    )


_Identifier = tuple[int, int, str]


class Precedence(NamedTuple):
    """Sorts versions by SemVer 2.0.0 precedence (section 11)."""

    core: tuple[int, int, int]
    release: bool
    """A release follows its pre-releases."""
    pre: tuple[_Identifier, ...]


def precedence(version: str) -> Precedence:
    """The sort key of a valid version."""
    core, _, pre = version.partition("-")
    major, minor, patch = map(int, core.split("."))
    return Precedence((major, minor, patch), not pre, tuple(map(_identifier, pre.split("."))) if pre else ())


def _identifier(text: str) -> _Identifier:
    """Numbers sort by value and before words."""
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


class Reference(NamedTuple):
    """`MODEL@VERSION`, split."""

    model: str
    version: str

    def __str__(self) -> str:
        return f"{self.model}@{self.version}"


def reference(text: str) -> Reference:
    model, _, version = text.partition("@")
    return Reference(model, version)
