"""The folder beside a destination in which an artifact comes together, out of sight until it is whole.

Its name is known beforehand, so a stranger could have put one into a checkout: symlinks in it are never followed.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from studbook.diagnostic import Fault

try:
    import fcntl
except ImportError:  # Windows: two pulls at once are not told apart there
    fcntl = None  # type: ignore[assignment]

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class Staging:
    """A staging folder that this process alone works in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.files = folder / "files"
        """Complete files of a directory artifact, under their names."""
        self.old = folder / "old"
        """What stood at the destination before, on its way out."""

    def part(self, number: int) -> Path:
        """Where a file is written until it is complete."""
        return self._folder / f"part-{number}"

    def sweep(self, wanted: set[str]) -> None:
        """Make `files` a folder with nothing in it but plain files and folders that are wanted there."""
        _own_folder(self.files)
        parents = {parent for path in wanted for parent in _parents(path)}
        for folder, folders, files in os.walk(self.files):
            for name in [*folders, *files]:
                path = Path(folder, name)
                below = path.relative_to(self.files).as_posix()
                if not _is_plain(path, folder=below in parents) or below not in (parents if name in folders else wanted):
                    remove(path)
            folders[:] = [name for name in folders if os.path.lexists(os.path.join(folder, name))]

    def deliver(self, arrived: Path, target: Path) -> None:
        """Move what is complete to its destination, and what stood there out of the way."""
        remove(self.old)
        if target.is_symlink():
            raise Fault(f"{target} is a symlink", "remove it, or choose another folder with -o")
        if target.exists() and (target.is_dir() or arrived.is_dir()):
            os.replace(target, self.old)
        os.replace(arrived, target)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _is_plain(path: Path, *, folder: bool) -> bool:
    mode = path.lstat().st_mode
    return stat.S_ISDIR(mode) if folder else stat.S_ISREG(mode)


def remove(path: Path) -> None:
    """Remove whatever is there, if anything; a symlink itself, not what it points to."""
    with suppress(FileNotFoundError):
        if _is_plain(path, folder=True):
            shutil.rmtree(path)
        else:
            path.unlink()


def _own_folder(path: Path) -> None:
    with suppress(FileExistsError):
        path.mkdir()
    if not _is_plain(path, folder=True):
        raise Fault(f"{path} is not a folder: somebody put it there", "remove it, and look at where it came from")


@contextmanager
def claim(destination: Path, mark: str) -> Iterator[Staging]:
    """The staging folder of a destination for content with this mark, locked. It stays where the block fails."""
    folder = destination.with_name(f".studbook-{destination.name}-{mark}.part")
    _own_folder(folder)
    with _locked(folder / "lock", destination):
        yield Staging(folder)
        shutil.rmtree(folder)
    _forget_others(destination)


def _forget_others(destination: Path) -> None:
    """What unfinished pulls of other versions left here, and nobody works on."""
    pattern = re.compile(rf"\.studbook-{re.escape(destination.name)}-[0-9a-f]{{12}}\.part")
    for name in os.listdir(destination.parent):
        folder = destination.with_name(name)
        if pattern.fullmatch(name) and _is_plain(folder, folder=True):
            with suppress(Fault, OSError), _locked(folder / "lock", destination):
                shutil.rmtree(folder)


@contextmanager
def _locked(path: Path, destination: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o600)
    try:
        if fcntl is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                alone = path.exists() and os.path.samestat(path.lstat(), os.fstat(handle))
            except OSError:
                alone = False
            if not alone:
                raise Fault(f"another studbook pull is writing {destination}", "wait for it, or name another folder with -o")
        yield
    finally:
        os.close(handle)


def open_part(path: Path) -> FileIO:
    """A file to write on where an earlier pull stopped; it is at its end. Symlinks are not followed."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW, 0o666)
    file = FileIO(handle, "r+")
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        file.close()
        raise Fault(f"{path} is not a plain file: somebody put it there", "remove it, and look at where it came from")
    return file
