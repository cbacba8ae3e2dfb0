"""The floor of `validate --all`: read the blobs named on stdin through one `git cat-file`, and only parse them."""

from __future__ import annotations

import subprocess
import sys
from threading import Thread

import yaml

process = subprocess.Popen(["git", "cat-file", "--batch", "--buffer"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
assert process.stdin is not None
assert process.stdout is not None
names = sys.stdin.buffer.read()


def ask() -> None:
    with process.stdin as pipe:  # type: ignore[union-attr]
        pipe.write(names)


Thread(target=ask).start()
for line in process.stdout:
    data = process.stdout.read(int(line.split()[2]) + 1)
    yaml.load(data, Loader=yaml.CSafeLoader)
