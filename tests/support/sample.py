"""The sample registry of the rule pages, as a repository to go on from."""

from __future__ import annotations

from pathlib import Path

from support import examples
from support.lab import Lab

NOW = 1_768_000_000
"""A moment after the last step of the sample registry, in seconds since 1970."""


def sample_registry(folder: Path) -> Lab:
    examples.play_steps(examples.of_page("sample")[0].steps, folder)
    return Lab(folder)
