"""The only package that talks to DVC. DVC is imported or started inside functions: it costs a fraction of a second.

DVC is asked for its configuration and for its transports. What travels is named, hashed and judged by Studbook.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from studbook.diagnostic import Fault
from studbook.storage.cache import Cache, push, put_in_cache
from studbook.storage.config import Config, Trusted, load
from studbook.storage.connect import open_remote
from studbook.storage.remote import Reader, Remote, Unreachable, Waits, patiently

__all__ = [
    "Cache", "Config", "Reader", "Remote", "Trusted", "Unreachable", "Waits",
    "init_dvc", "load", "open_remote", "patiently", "push", "put_in_cache",
]  # fmt: skip


def init_dvc(top: Path) -> None:
    """Set up DVC at the top level of a Git repository; DVC stages what it writes there."""
    command = [sys.executable, "-P", "-m", "dvc", "init", "-q"]  # -P: a dvc.py that lies in the repository is not DVC
    environment = {**os.environ, "DVC_NO_ANALYTICS": "1"}  # nobody asked for that here
    done = subprocess.run(command, cwd=top, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
        said = lines[0].removeprefix("ERROR: ") if lines else "it said nothing"
        raise Fault(f"dvc init failed: {said}", "put that right and run `studbook init` again, or say --no-dvc")
