"""The installed command, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def studbook(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "studbook", *arguments],
        cwd=cwd,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def report(*arguments: str, cwd: Path) -> dict[str, Any]:
    """What `studbook validate --json` says."""
    done = studbook("validate", "--json", *arguments, cwd=cwd)
    assert done.returncode in (0, 1), done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value
