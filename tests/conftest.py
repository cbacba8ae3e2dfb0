"""Fixtures for the whole suite."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.lab import Lab
from support.sample import sample_registry


@pytest.fixture(autouse=True)
def _nobodys_git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see neither the developer's Git configuration nor a hook's environment."""
    for key in [key for key in os.environ if key.startswith("GIT_")]:
        monkeypatch.delenv(key)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    """The sample registry (`studbook explain sample`) in a repository of its own."""
    return sample_registry(tmp_path / "lab")


@pytest.fixture
def empty_lab(tmp_path: Path) -> Callable[[], Lab]:
    return lambda: Lab(tmp_path / "empty")
